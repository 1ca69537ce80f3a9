/** What a photo takes of the phone's memory, over what the page took before: issue 3's limits. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fixture } from "../harness/bytes.mjs";
import { choose, launch } from "../harness/browser.mjs";
import { areWarm, pretendCores } from "../harness/image-workers.mjs";
import { peakGrowth } from "../harness/memory.mjs";
import { Service } from "../harness/service.mjs";
import { allRows } from "../harness/uploader.mjs";

let service;

before(async () => {
  service = await Service.start();
});
after(async () => {
  await service?.stop();
});

for (const [name, limitMegabytes] of [
  ["photo_12mp_o6.jpg", 60],
  ["photo_48mp_o1.jpg", 150],
]) {
  test(`pain 15: ${name} takes at most ${limitMegabytes} MB over idle, the file and its sending included`, async (context) => {
    // A browser of its own: what one photo leaves behind is no room for the next.
    const browser = await launch();
    try {
      const page = await (await browser.newContext({ serviceWorkers: "block" })).newPage();
      await pretendCores(page, 2);
      await page.goto(service.address);
      await areWarm(page);
      const grown = await peakGrowth(browser, async () => {
        await choose(page, fixture(name));
        await allRows(page, ["stored"], 120_000);
      });
      const { memoryBytes } = await page.evaluate(() => document.querySelector("windlass-uploader").uploads[0].made.work);
      context.diagnostic(`${(memoryBytes / 1e6).toFixed(1)} MB of WebAssembly, the process grew by ${grown?.toFixed(1)} MB in all`);
      assert.ok(memoryBytes / 1e6 <= limitMegabytes, `WebAssembly: ${memoryBytes} bytes`);
      if (grown === undefined && !process.env.WINDLASS_REQUIRE_ALL) return;
      assert.ok(Number.isFinite(grown) && grown <= limitMegabytes, `the process grew by ${grown} MB`);
    } finally {
      await browser.close();
    }
  });
}
