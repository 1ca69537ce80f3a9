/** Three hundred uploads while one request in twenty fails: the bench's ten thousand in little. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { makeVideo } from "../../harness/bytes.mjs";
import { oneInTwenty } from "../../harness/one-in-twenty.mjs";
import { Scene } from "../../harness/scene.mjs";

const UPLOADS = 300;
const BATCH = 100;
/** One in so many is large enough for parts. */
const LARGE_EVERY = 30;
const [SMALL, LARGE] = [8_000, 6_000_000];
let scene;

before(async () => {
  scene = await Scene.open();
});
after(() => scene?.close());

test("three hundred uploads, ten of them in parts, while one request in twenty fails: none is lost, corrupt or there twice", async () => {
  const visit = await scene.visit({ variants: [] });
  await scene.proxy.rules(...oneInTwenty());
  for (let done = 0; done < UPLOADS; done += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, index) => done + index);
    const size = (number) => (number % LARGE_EVERY === 0 ? LARGE : SMALL) + number;
    const files = numbers.map((number) => makeVideo(join(scene.folder, `endurance ${number}.mp4`), size(number), 10_000 + number));
    await visit.choose(...(await Promise.all(files)));
    await visit.ended(done + BATCH, 240_000);
  }
  const requests = await scene.proxy.requests();
  const met = (await scene.proxy.met()).map((count) => Math.min(count, 1));
  console.log(`${requests.filter(({ fault }) => fault !== null).length} of ${requests.length} requests met a fault`);
  // By chance, so many of the ten kinds at least; the calls are too few for all of theirs.
  assert.ok(met.slice(0, 5).reduce((sum, each) => sum + each) >= 4, `faults of PUTs: ${met}`);
  await visit.allStored({ mayMiss: true, wasteMost: 1.5 });
});
