/** The service is away for a minute: how soon after its return what waited for it is stored. */

import { percentile, rounded } from "./numbers.mjs";

const PAGES = 8;
const OUTAGE_MS = 60_000;
const PATIENCE_MS = 60_000;

/** Each page is somebody else, with files of its own, chosen while nobody answers. */
export async function outage(scene, contender, { front, files }) {
  const runs = Array.from({ length: PAGES }, () => scene.nextRun());
  const each = Math.floor(files.length / PAGES);
  await scene.calm();
  const pages = [];
  try {
    for (const run of runs) pages.push(await contender.open(scene, run));
    await scene.proxy.rules({ front, fault: { kind: "drop_before" } });
    for (const [index, page] of pages.entries()) {
      await page.locator("input").setInputFiles(files.slice(index * each, (index + 1) * each));
    }
    await new Promise((over) => setTimeout(over, OUTAGE_MS));
    await scene.proxy.rules();
    const backMs = performance.timeOrigin + performance.now();
    await Promise.all(
      pages.map((page) =>
        page
          .waitForFunction((count) => globalThis.bench.isOver || globalThis.bench.ends.length >= count, each, {
            timeout: PATIENCE_MS,
            polling: 100,
          })
          .catch((error) => {
            if (error.name !== "TimeoutError") throw error;
          }),
      ),
    );
    const moments = await Promise.all(
      pages.map((page) =>
        page.evaluate(() => globalThis.bench.ends.filter(({ ok }) => ok).map(({ atMs }) => performance.timeOrigin + atMs)),
      ),
    );
    const after = moments.flat().map((atMs) => atMs - backMs);
    return {
      uploader: contender.name,
      stored: after.length,
      of: PAGES * each,
      ...(after.length > 0 && { p50_ms: rounded(percentile(after, 50), 0), p95_ms: rounded(percentile(after, 95), 0) }),
    };
  } finally {
    for (const page of pages) await page.context().close();
    await scene.calm();
    for (const run of runs) await scene.remove(await scene.objectsOf(run));
  }
}
