/** Twenty photos at once: all stored, each once, the page never blocked. */

import assert from "node:assert/strict";
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
