/**
 * How far a browser's processes grow, by the kernel's own high-water mark; Linux only. Pages of the browser's own
 * program that it touches for the first time are not counted: they are in the page cache, whoever uses them.
 */

import { readFile, writeFile } from "node:fs/promises";

/** By how many MB the page's process grows during `work` at most; `undefined` where that cannot be known. */
export async function peakGrowth(browser, work) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  let before;
  try {
    before = await Promise.all(renderers.map(reset));
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EACCES") throw error;
    await work();
    return undefined;
  }
  await work();
  // A renderer that the browser had spare may have ended meanwhile; the page's has not.
  const after = await Promise.all(renderers.map((pid) => megabytes(pid).catch(() => undefined)));
  const growth = after.flatMap((now, index) =>
    now === undefined ? [] : [now.peak - before[index].peak - (now.program - before[index].program)],
  );
  return Math.max(...growth);
}

/** Sets a process's high-water mark back to what it uses now, and returns that. */
async function reset(pid) {
  await writeFile(`/proc/${pid}/clear_refs`, "5");
  return megabytes(pid);
}

/** The most a process has used, and what of its program's files is in memory. */
async function megabytes(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const of = (name) => (Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024) / 1e6;
  return { peak: of("VmHWM"), program: of("RssFile") };
}
