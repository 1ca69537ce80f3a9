/**
 * How soon work stops: from `abort()` to the end of the worker that was resizing. The promise is rejected at
 * once; Chromium lets a worker finish the call it is in for up to two seconds before it breaks it off.
 */

import { pretendCores, watchImageWorkers } from "../../../e2e/harness/image-workers.mjs";
import { Service } from "../../../e2e/harness/service.mjs";
import { median, rounded } from "./numbers.mjs";

const RUNS = 7;

/** Milliseconds until the worker is gone, as seen from outside the browser: the median and the longest. */
export async function timeToStop(browser, photo, say) {
  const service = await Service.start();
  const taken = [];
  try {
    for (let turn = 0; turn < RUNS; turn++) {
      say(`abort of a photo that is being resized, ${turn + 1} of ${RUNS}`);
      taken.push(await abort(browser, service, photo));
    }
  } finally {
    await service.stop();
  }
  return { task: "abort", name: "windlass", median_ms: rounded(median(taken)), max_ms: rounded(Math.max(...taken)) };
}

async function abort(browser, service, photo) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await pretendCores(page, 2);
    const workers = watchImageWorkers(page);
    await page.goto(service.address);
    await page.waitForLoadState("networkidle");
    await page.evaluate(() => {
      document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "given" }));
      const post = Worker.prototype.postMessage;
      Worker.prototype.postMessage = function (message, ...rest) {
        post.call(this, message, ...rest);
        // A moment later: the worker has begun then.
        if (message.request?.task === "resize") setTimeout(() => dispatchEvent(new Event("resizing")), 15);
      };
    });
    await page.locator("#given").setInputFiles(photo.path);
    const ended = workers[0].ended.then(() => performance.timeOrigin + performance.now());
    const abortedAt = await page.evaluate(async () => {
      const stop = new AbortController();
      let at;
      addEventListener("resizing", () => {
        at = performance.timeOrigin + performance.now();
        stop.abort();
      });
      const [file] = document.querySelector("#given").files;
      const { client } = document.querySelector("windlass-uploader");
      await client.add(file, { signal: stop.signal }).done.catch(() => undefined);
      return at;
    });
    return (await ended) - abortedAt;
  } finally {
    await context.close();
  }
}
