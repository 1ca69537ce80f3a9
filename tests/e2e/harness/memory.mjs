/** How far a browser's processes grow, by the kernel's own high-water mark; Linux only. */

import { readFile, writeFile } from "node:fs/promises";

/** By how many MB the page's process grows during `work` at most; `undefined` where that cannot be known. */
export async function peakGrowth(browser, work) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  await session.detach();
  const renderers = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
  let before;
  try {
    before = await Promise.all(renderers.map(restMegabytes));
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EACCES") throw error;
    await work();
    return undefined;
  }
  await work();
  const growth = await Promise.all(renderers.map(async (pid, index) => (await peakMegabytes(pid)) - before[index]));
  return Math.max(...growth);
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
