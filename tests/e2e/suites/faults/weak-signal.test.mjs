/** A signal so weak that no photo gets through in one go: it goes in small pieces. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { makeVideo } from "../../harness/bytes.mjs";
import { PUT } from "../../harness/fault-proxy.mjs";
import { Scene } from "../../harness/scene.mjs";

const PHOTO_BYTES = 3_000_000;
/** Single PUTs, and parts, of originals; not what is staged. */
const ORIGINAL = { ...PUT, path: "/original" };
const isPiece = ({ path }) => path.includes("/windlass-staging/");
/** So slow that each engine tells of progress before a connection dies: Firefox does so every 50 ms. */
const SLOW = { up_bits_per_s: 5_000_000, down_bits_per_s: 5_000_000, round_trip_ms: 20 };
let scene;

before(async () => {
  scene = await Scene.open();
});
after(() => scene?.close());

test("a photo whose connection always dies after 600 kB is stored byte for byte, untouched", async () => {
  const visit = await scene.visit({ variants: [] });
  await scene.proxy.rules({ ...ORIGINAL, fault: { kind: "reset", at: 600_000 / PHOTO_BYTES } });
  await scene.proxy.link(SLOW);
  await visit.choose(await makeVideo(join(scene.folder, "weak.mp4"), PHOTO_BYTES, 91));
  await visit.ended();
  const puts = await visit.puts();
  const pieces = puts.filter((put) => isPiece(put) && put.status === 200);
  assert.equal(pieces.reduce((sum, { request_bytes: bytes }) => sum + bytes, 0), PHOTO_BYTES, "each byte is staged once");
  assert.ok(puts.filter((put) => !isPiece(put)).every(({ status }) => status !== 200), "and never arrives otherwise");
  await visit.allStored();
  assert.deepEqual((await scene.bucket.objects()).filter(({ key }) => key.startsWith("windlass-staging/")), []);
});

test("a film whose parts always die is put together from pieces, and pieces that die are sent again alone", async () => {
  const visit = await scene.visit({ variants: [] });
  await scene.proxy.rules(
    { ...ORIGINAL, fault: { kind: "reset", at: 0.1 } },
    { ...PUT, path: "/windlass-staging/.*[37]$", times: 4, fault: { kind: "reset", at: 0.5 } },
  );
  await scene.proxy.link(SLOW);
  await visit.choose(await makeVideo(join(scene.folder, "film.mp4"), 6 * 1024 * 1024 + 50_000, 92));
  await visit.allStored({ timeoutMs: 90_000 });
});

test("who wants no pieces gets none: the photo waits until the line carries it", async () => {
  const visit = await scene.visit({ variants: [], weakSignal: false });
  await scene.proxy.rules({ ...ORIGINAL, times: 4, fault: { kind: "reset", at: 0.2 } });
  await visit.choose(await makeVideo(join(scene.folder, "patient.mp4"), PHOTO_BYTES, 93));
  await visit.ended();
  assert.ok(!(await visit.puts()).some(isPiece));
  await visit.allStored();
});
