/** What forty photos do to the page itself: the longest task of its main thread, by tracing. */

import { join } from "node:path";

import { variation } from "../../../e2e/harness/bytes.mjs";
import { Trace } from "../../../e2e/harness/trace.mjs";
import { choose, openDemo, stored } from "./element-page.mjs";
import { rounded } from "./numbers.mjs";

const PHOTOS = 40;
/** A busy machine takes minutes for them. */
const AT_MOST_MS = 600_000;

/**
 * From choosing the photos to the last one stored, with the uploader and the gallery on the page. Tasks are
 * told in the thread's own time, which a busy machine does not lengthen, and as the clock saw them.
 */
export async function mainThread(scene, { photo, folder }) {
  const run = scene.nextRun();
  await scene.calm();
  const page = await openDemo(scene, run);
  try {
    const paths = await Promise.all(
      Array.from({ length: PHOTOS }, (_, index) => variation(photo, join(folder, `${run} ${index}.jpg`), `${run} ${index}`)),
    );
    const trace = await Trace.start(page);
    await page.evaluate(() => performance.mark("bench-begins"));
    await choose(page, paths);
    await stored(page, PHOTOS, AT_MOST_MS);
    const { chosenMs, nowMs } = await page.evaluate(() => {
      performance.mark("bench-ends");
      return { chosenMs: globalThis.bench.chosenMs, nowMs: performance.now() };
    });
    const tasks = await trace.tasksBetween("bench-begins", "bench-ends");
    if (tasks.length === 0) throw new Error("the trace has no tasks of the page's main thread");
    const longest = (time) => rounded(Math.max(...tasks.map(time)) / 1000);
    return {
      uploader: "windlass",
      photos: PHOTOS,
      longest_task_ms: longest(({ tdur, dur }) => tdur ?? dur),
      longest_by_the_clock_ms: longest(({ dur }) => dur),
      over_50_ms: tasks.filter(({ tdur, dur }) => (tdur ?? dur) > 50_000).length,
      all_stored_ms: rounded(nowMs - chosenMs, 0),
    };
  } finally {
    await page.context().close();
    await scene.calm();
    await scene.remove(await scene.objectsOf(run));
  }
}
