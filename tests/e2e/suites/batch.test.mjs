/** Many files at once: all stored, each once, the page never blocked, its list never without end. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, scratchFolder, sha256OfFile, sha256OfUrl, variation } from "../harness/bytes.mjs";
import { choose, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { Trace } from "../harness/trace.mjs";
import { allRows, picturesShown, rows } from "../harness/uploader.mjs";

const COUNT = 20;
let service;
let browser;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

test("twenty photos are stored intact, each once, and no task blocks the page", async () => {
  const folder = scratchFolder();
  const paths = await Promise.all(
    Array.from({ length: COUNT }, (_, index) =>
      variation(fixture("photo_12mp_o6.jpg"), join(folder, `roof ${index + 1}.jpg`), index),
    ),
  );
  const page = await openPage(browser, service.address);
  const trace = await Trace.start(page);
  await page.evaluate(() => performance.mark("chosen"));
  await choose(page, ...paths);
  await allRows(page, ["stored"], 120_000);
  await picturesShown(page, COUNT);
  await page.evaluate(() => performance.mark("shown"));
  const tasks = await trace.tasksBetween("chosen", "shown");

  const stored = await Promise.all((await service.photos()).map(({ url }) => sha256OfUrl(url)));
  const chosen = await Promise.all(paths.map(sha256OfFile));
  assert.deepEqual(stored.toSorted(), chosen.toSorted());

  // Reading, resizing, hashing and sending are the workers' business. In the thread's own time, which other
  // processes do not lengthen: twice what a task may take, for processors half as fast as a phone's of today.
  const longest = Math.max(...tasks.map(({ tdur, dur }) => (tdur ?? dur) / 1_000));
  assert.ok(longest > 0, "the trace has tasks of the page");
  assert.ok(longest <= 100, `a task of ${longest} ms blocked the page`);
  assert.deepEqual(page.complaints, []);
});

test("many files chosen at once are listed in their order, a few in each task", async () => {
  const folder = scratchFolder();
  const names = Array.from({ length: COUNT }, (_, index) => `plan ${index + 1}.pdf`);
  await Promise.all(names.map((name, index) => writeFile(join(folder, name), `%PDF-1.7\n% plan ${index}\n%%EOF\n`)));
  const page = await openPage(browser, service.address);
  // What is listed within one task is seen at once when it ends.
  const listed = page.evaluate(
    (count) =>
      new Promise((resolve) => {
        const root = document.querySelector("windlass-uploader").shadowRoot;
        const turns = [];
        new MutationObserver((changes) => {
          turns.push(changes.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node.parentElement === root.querySelector("ul, ol")).length);
          if (turns.reduce((sum, turn) => sum + turn, 0) >= count) {
            resolve(turns.filter((turn) => turn > 0));
          }
        }).observe(root, { childList: true, subtree: true });
      }),
    COUNT,
  );
  await choose(page, ...names.map((name) => join(folder, name)));
  const turns = await listed;
  assert.ok(turns.length >= 3 && turns.every((turn) => turn <= 8), `in turns of ${turns}`);
  await allRows(page, ["stored"]);
  assert.deepEqual(await (await rows(page)).map(({ name }) => name), names);
});

test("of a long list the oldest stored lines are folded, and still counted", async () => {
  const [folder, listed, surplus] = [scratchFolder(), 100, 15];
  const paths = Array.from({ length: listed + surplus }, (_, index) => join(folder, `permit ${index + 1}.pdf`));
  await Promise.all(paths.map((path, index) => writeFile(path, `%PDF-1.7\n% permit ${index}\n%%EOF\n`)));
  const page = await openPage(browser, service.address);
  // What somebody looks into stays.
  await choose(page, fixture("photo_2mp_o1.jpg"));
  await allRows(page, ["stored"]);
  const first = page.locator("windlass-uploader .row").filter({ hasText: "photo_2mp_o1.jpg" });
  await first.locator("summary").click();
  await choose(page, ...paths);
  const summary = page.locator("windlass-uploader .summary-text");
  await summary.filter({ hasText: `${1 + listed + surplus} files stored` }).waitFor({ timeout: 60_000 });
  await page.locator("windlass-uploader .folded").filter({ hasText: `${surplus} files stored before these` }).waitFor();
  assert.ok(await first.locator("table").isVisible());
  assert.equal(await page.locator("windlass-uploader .row").count(), 1 + listed);
  assert.deepEqual(page.complaints, []);
});
