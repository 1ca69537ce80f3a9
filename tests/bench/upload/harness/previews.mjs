/** How soon the office sees something of four photos that are sent over a bad line. */

import { join } from "node:path";

import { variation } from "../../../e2e/harness/bytes.mjs";
import { choose, openDemo, stored } from "./element-page.mjs";
import { rounded } from "./numbers.mjs";

const PHOTOS = 4;

/** Milliseconds from choosing the photos to the last of their thumbnails in the gallery, and to the last photo stored. */
export async function previews(scene, { photo, folder, seed }) {
  const run = scene.nextRun();
  await scene.calm();
  const page = await openDemo(scene, run);
  try {
    const paths = await Promise.all(
      Array.from({ length: PHOTOS }, (_, index) => variation(photo, join(folder, `${run} ${index}.jpg`), `${run} ${index}`)),
    );
    await scene.proxy.link({ preset: "bad", seed });
    await choose(page, paths);
    const seen = await page.waitForFunction(
      (count) => {
        const { shadowRoot } = document.querySelector("windlass-gallery");
        return shadowRoot.querySelectorAll("img.loaded").length >= count && performance.now();
      },
      PHOTOS,
      { timeout: 180_000, polling: 50 },
    );
    const seenMs = await seen.jsonValue();
    await stored(page, PHOTOS, 180_000);
    const { chosenMs, nowMs } = await page.evaluate(() => ({ chosenMs: globalThis.bench.chosenMs, nowMs: performance.now() }));
    return { uploader: "windlass", seed, seen_ms: rounded(seenMs - chosenMs, 0), stored_ms: rounded(nowMs - chosenMs, 0) };
  } finally {
    await page.context().close();
    await scene.calm();
    await scene.remove(await scene.objectsOf(run));
  }
}
