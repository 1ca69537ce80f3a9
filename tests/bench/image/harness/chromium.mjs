/** A headless Chromium, and what can be learnt of it from outside: tasks of a page's main thread. */

import { chromium } from "playwright-core";

import { ARGUMENTS, EXECUTABLE } from "../../../e2e/harness/chromium.mjs";

export function launch() {
  return chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
}

/** A page of a profile of its own that has the photo and nothing else yet. */
export async function openPage(browser, address, photo) {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${address}/page/index.html`);
  await page.waitForFunction(() => globalThis.bench !== undefined);
  await page.locator("input").setInputFiles(photo.path);
  await page.evaluate((size) => globalThis.bench.takePhoto(size), photo.upright);
  return page;
}

/** One run in the page. */
export function run(page, name, edges, options) {
  return page.evaluate(([...given]) => globalThis.bench.run(...given), [name, edges, options]);
}

/** The longest task of the page's main thread during a run, in milliseconds of its own time. */
export async function longestTask(browser, page, work) {
  await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline", "blink.user_timing"] });
  await work();
  const { traceEvents } = JSON.parse(await browser.stopTracing());
  const mark = (name) => traceEvents.find((event) => event.name === name && event.cat.includes("blink.user_timing"));
  const [begins, ends] = [mark("run-begins"), mark("run-ends")];
  const tasks = traceEvents.filter(
    ({ name, pid, tid, ts }) =>
      name === "RunTask" && pid === begins.pid && tid === begins.tid && ts > begins.ts && ts < ends.ts,
  );
  return Math.max(0, ...tasks.map(({ tdur, dur }) => (tdur ?? dur ?? 0) / 1000));
}
