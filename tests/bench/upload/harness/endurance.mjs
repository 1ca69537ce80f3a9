/**
 * Ten thousand uploads while one request in twenty fails (`one-in-twenty.mjs`). What came of them is looked up in the
 * bucket and in the record. Three hundred of them are a test: `suites/faults/endurance.test.mjs`.
 */

import { rm } from "node:fs/promises";
import { basename, join } from "node:path";

import { makeVideo, sha256OfFile } from "../../../e2e/harness/bytes.mjs";
import { oneInTwenty } from "../../../e2e/harness/one-in-twenty.mjs";
import { CONTENDERS } from "./contenders.mjs";
import { rounded } from "./numbers.mjs";

const UPLOADS = 10_000;
const BATCH = 500;
/** One in so many is large enough for parts. */
const LARGE_EVERY = 250;
const [SMALL, LARGE] = [8_000, 6_000_000];
/** For a batch. */
const AT_MOST_MS = 10 * 60_000;
const HASHED_AT_ONCE = 16;

/** `say` tells how far it is. */
export async function endurance(scene, { folder, say }) {
  const [ours] = CONTENDERS;
  const run = scene.nextRun();
  await scene.calm();
  const page = await ours.open(scene, run);
  const chosen = new Map();
  let [sentBytes, wireBytes, puts] = [0, 0, 0];
  const began = performance.now();
  try {
    await scene.proxy.rules(...oneInTwenty());
    for (let done = 0; done < UPLOADS; done += BATCH) {
      await scene.proxy.forget();
      const paths = [];
      for (let index = done; index < done + BATCH; index++) {
        const size = (index % LARGE_EVERY === 0 ? LARGE : SMALL) + (index % 1_000);
        const path = await makeVideo(join(folder, `endurance ${index}.mp4`), size, 10_000 + index);
        paths.push(path);
        sentBytes += size;
        chosen.set(await sha256OfFile(path), basename(path));
      }
      await page.locator("input").setInputFiles(paths);
      await page.waitForFunction((count) => globalThis.bench.ends.length >= count, done + BATCH, { timeout: AT_MOST_MS, polling: 200 });
      await Promise.all(paths.map((path) => rm(path)));
      for (const { front, method, request_bytes: bytes } of await scene.proxy.requests()) {
        if (front === "store" && method === "PUT") [wireBytes, puts] = [wireBytes + bytes, puts + 1];
      }
      say(`${done + BATCH} uploads after ${rounded((performance.now() - began) / 1000)} s`);
    }
    const wallS = (performance.now() - began) / 1000;
    await scene.proxy.rules();
    const ends = await page.evaluate(() => globalThis.bench.ends);
    const stored = new Set(ends.filter(({ ok }) => ok).map(({ name }) => name));
    const copies = await hashesOf(scene, await scene.objectsOf(run));
    const names = [...chosen].filter(([hash]) => copies.has(hash)).map(([, name]) => name);
    const photos = await countPhotos(scene, run);
    return {
      uploader: ours.name,
      stored: stored.size,
      of: UPLOADS,
      wall_s: rounded(wallS, 1),
      waste: rounded(wireBytes / sentBytes, 3),
      puts,
      lost: [...stored].filter((name) => !names.includes(name)).length,
      corrupt: [...copies.keys()].filter((hash) => !chosen.has(hash)).length,
      twice: [...copies.values()].filter((count) => count > 1).length + Math.max(0, photos - stored.size),
    };
  } finally {
    await page.context().close();
    await scene.calm();
    await scene.remove(await scene.objectsOf(run));
  }
}

/** How often each content lies in the bucket. */
async function hashesOf(scene, objects) {
  const copies = new Map();
  const left = [...objects];
  const hashNext = async () => {
    for (let object = left.pop(); object !== undefined; object = left.pop()) {
      const hash = await scene.bucket.sha256(object.key);
      copies.set(hash, (copies.get(hash) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: HASHED_AT_ONCE }, hashNext));
  return copies;
}

/** Photos in the record. */
async function countPhotos(scene, project) {
  const headers = { authorization: `Bearer ${scene.service.token({ project })}` };
  const answer = await fetch(`${scene.service.address}/api/v1/photos?project_id=${project}&limit=1`, { headers });
  if (!answer.ok) throw new Error(`the service answered ${answer.status}: ${await answer.text()}`);
  const { totals } = await answer.json();
  return Object.values(totals).reduce((sum, count) => sum + count, 0);
}
