/** One contender, one case, one run: from choosing the files to the last of them stored, checked from outside. */

import { stat } from "node:fs/promises";
import { basename } from "node:path";

import { sha256OfFile } from "../../../e2e/harness/bytes.mjs";
import { rounded } from "./numbers.mjs";

const hashes = new Map();

/** Of a file that does not change while the bench runs. */
async function hashOf(path) {
  if (!hashes.has(path)) hashes.set(path, await sha256OfFile(path));
  return hashes.get(path);
}

/**
 * What became of it: how many were stored, after which time the last one, what went over the wire. `stored`
 * counts what lies in the bucket byte for byte, whatever the contender says of it.
 */
export async function race(scene, contender, { paths, link, timeoutMs }) {
  const run = scene.nextRun();
  await scene.calm();
  const page = await contender.open(scene, run);
  try {
    await scene.proxy.forget();
    await scene.proxy.link(link);
    await page.locator("input").setInputFiles(paths);
    await page
      .waitForFunction((count) => globalThis.bench.isOver || globalThis.bench.ends.length >= count, paths.length, {
        timeout: timeoutMs,
        polling: 100,
      })
      .catch((error) => {
        // Whoever is not done by then has what it has.
        if (error.name !== "TimeoutError") throw error;
      });
    const { ends, startedMs, nowMs } = await page.evaluate(() => ({
      ends: globalThis.bench.ends,
      startedMs: globalThis.bench.startedMs,
      nowMs: performance.now(),
    }));
    const puts = (await scene.proxy.requests()).filter(({ front, method }) => front === "store" && method === "PUT");
    await scene.proxy.link();
    return await judged(scene, run, { contender, paths, ends, puts, startedMs, nowMs });
  } finally {
    await page.context().close();
    await scene.calm();
    await scene.remove(await scene.objectsOf(run));
  }
}

async function judged(scene, run, { contender, paths, ends, puts, startedMs, nowMs }) {
  const found = new Map();
  for (const { key } of await scene.objectsOf(run)) {
    const hash = await scene.bucket.sha256(key);
    found.set(hash, (found.get(hash) ?? 0) + 1);
  }
  const ok = new Map(ends.filter((end) => end.ok).map((end) => [end.name, end.atMs]));
  let [stored, lost, twice] = [0, 0, 0];
  for (const path of paths) {
    const copies = found.get(await hashOf(path)) ?? 0;
    if (ok.has(basename(path))) {
      stored += Number(copies > 0);
      lost += Number(copies === 0);
    }
    twice += Number(copies > 1);
  }
  const lastMs = stored === paths.length ? Math.max(...ok.values()) : nowMs;
  const sent = puts.reduce((sum, { request_bytes: bytes }) => sum + bytes, 0);
  return {
    uploader: contender.name,
    stored,
    of: paths.length,
    wall_s: rounded((lastMs - startedMs) / 1000, 3),
    wire_bytes: sent,
    waste: rounded(sent / (await sizeOf(paths)), 3),
    puts: puts.length,
    // Called stored without being there; there more than once.
    ...(lost > 0 && { lost }),
    ...(twice > 0 && { twice }),
  };
}

async function sizeOf(paths) {
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
