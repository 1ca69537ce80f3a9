/** Many files at once: all stored, each once, the page never blocked, its list never without end. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, scratchFolder, sha256OfFile, sha256OfUrl, variation } from "../harness/bytes.mjs";
import { choose, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, picturesShown } from "../harness/uploader.mjs";

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
  await page.evaluate(() => {
    window.longTasks = [];
    new PerformanceObserver((list) => window.longTasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: "longtask",
    });
  });
  await choose(page, ...paths);
  await allRows(page, ["stored"], 120_000);
  await picturesShown(page, COUNT);

  const stored = await Promise.all((await service.photos()).map(({ url }) => sha256OfUrl(url)));
  const chosen = await Promise.all(paths.map(sha256OfFile));
  assert.deepEqual(stored.toSorted(), chosen.toSorted());

  // Reading, resizing, hashing and sending are the workers' business. A second is far above what the
  // page needs on a busy machine, and far below what one decode on the main thread would take.
  const longest = Math.max(0, ...(await page.evaluate(() => window.longTasks)));
  assert.ok(longest < 1_000, `a task of ${longest} ms blocked the page`);
  assert.deepEqual(page.complaints, []);
});

test("of a long list the oldest stored lines are folded, and still counted", async () => {
  const [folder, listed, surplus] = [scratchFolder(), 100, 15];
  const paths = Array.from({ length: listed + surplus }, (_, index) => join(folder, `permit ${index + 1}.pdf`));
  await Promise.all(paths.map((path, index) => writeFile(path, `%PDF-1.7\n% permit ${index}\n%%EOF\n`)));
  const page = await openPage(browser, service.address);
  await choose(page, ...paths.slice(0, 1));
  await allRows(page, ["stored"], 30_000);
  // What somebody looks into stays.
  const first = page.locator("windlass-uploader .row").filter({ hasText: "permit 1.pdf" });
  await first.locator("button").first().focus();
  await choose(page, ...paths.slice(1));
  const summary = page.locator("windlass-uploader .summary-text");
  await summary.filter({ hasText: `${listed + surplus} files stored` }).waitFor({ timeout: 60_000 });
  await page.locator("windlass-uploader .folded").filter({ hasText: /files stored before these/ }).waitFor();
  assert.equal(await first.count(), 1);
  assert.ok((await page.locator("windlass-uploader .row").count()) <= listed + 1);
  assert.deepEqual(page.complaints, []);
});
