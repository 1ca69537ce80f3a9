/** Whether a page that has sent a thousand photos is larger than one that has sent a hundred. Linux only. */

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";

import { variation } from "../../../e2e/harness/bytes.mjs";
import { BarePage } from "./bare-page.mjs";
import { enterProject, isReady } from "./element-page.mjs";
import { rounded } from "./numbers.mjs";

const PHOTOS = 1_000;
const BATCH = 50;
/** A machine on which a thousand take longer is measured with as many as it sent by then, which the result says. */
const AT_MOST_MS = 20 * 60_000;

/** MB of the page's process after each hundred photos, with the workers idle and the garbage collected. */
export async function memory(scene, { photo, folder, say }) {
  const run = scene.nextRun();
  await scene.calm();
  const page = await BarePage.open(scene.proxy.fronts.service);
  const readings = [];
  const endsAt = Date.now() + AT_MOST_MS;
  try {
    await page.evaluate(enterProject, run);
    await page.until(isReady);
    for (let sent = 0; sent < PHOTOS && Date.now() < endsAt; sent += BATCH) {
      const paths = await Promise.all(
        Array.from({ length: BATCH }, (_, index) => variation(photo, join(folder, `${run} ${sent + index}.jpg`), `${run} ${sent + index}`)),
      );
      await page.setFiles(() => document.querySelector("windlass-uploader").shadowRoot.querySelector("input[type=file]"), paths);
      await page.until((wanted) => globalThis.bench.ends >= wanted, sent + BATCH, AT_MOST_MS / 4);
      await Promise.all(paths.map((path) => rm(path)));
      if ((sent + BATCH) % 100 === 0) {
        await page.collectGarbage();
        const megabytes = await privateMegabytes(page);
        readings.push({ photos: sent + BATCH, mb: rounded(megabytes, 0) });
        say(`${sent + BATCH} photos: ${rounded(megabytes, 0)} MB`);
      }
    }
    if (readings.length < 2) throw new Error(`only ${readings.length * 100} photos were stored within ${AT_MOST_MS / 60_000} minutes`);
    // The least of each half: a reading is larger by what nobody has collected yet, never smaller.
    const least = (some) => Math.min(...some.map(({ mb }) => mb));
    const half = Math.floor(readings.length / 2);
    const growth = least(readings.slice(half)) - least(readings.slice(0, half));
    return { uploader: "windlass", photos: readings.at(-1).photos, readings, growth_mb: growth };
  } finally {
    await page.close();
    await scene.remove(await scene.objectsOf(run));
  }
}

/** Of all renderers of the browser; there is one page. */
async function privateMegabytes(page) {
  let kilobytes = 0;
  for (const id of await page.processes("renderer")) {
    const status = await readFile(`/proc/${id}/status`, "utf8");
    kilobytes += Number(/RssAnon:\s+(\d+) kB/.exec(status)[1]);
  }
  return (kilobytes * 1024) / 1e6;
}
