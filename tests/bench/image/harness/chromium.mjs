/** A headless Chromium, and what can be learnt of it from outside: tasks of a page's main thread, memory. */

import { readFile, writeFile } from "node:fs/promises";

import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function launch() {
  return chromium.launch({ executablePath: process.env.WINDLASS_CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
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

/** How far the page's process grows during `work`, in MB, by the kernel's own high-water mark; Linux only. */
export async function peakGrowth(browser, page, work) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  try {
    const before = await Promise.all(renderers.map(restMegabytes));
    await work();
    const growth = await Promise.all(renderers.map(async (pid, index) => (await peakMegabytes(pid)) - before[index]));
    return Math.max(...growth);
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "EACCES") return undefined;
    throw error;
  }
}

/** Sets a process's high-water mark back to what it uses now, and returns that. */
async function restMegabytes(pid) {
  await writeFile(`/proc/${pid}/clear_refs`, "5");
  return peakMegabytes(pid);
}

async function peakMegabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return (Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / 1e6;
}
