/** HEIC, which iPhones make: smaller JPEGs of it under Node. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readMetadata, resizePhoto } from "../../npm/dist/core.node.js";

const folder = process.env.WINDLASS_FIXTURES;
if (!folder) {
  throw new Error("WINDLASS_FIXTURES is not set: run these tests with `cargo xtask test npm`");
}
const original = new Uint8Array(readFileSync(join(folder, "photo_3mp_o6.heic")));
const variants = [
  { name: "web_1920", max_edge: 1920, quality: 0.8 },
  { name: "thumb_200", max_edge: 200, quality: 0.7 },
];

test("a HEIC becomes upright JPEGs that carry what the camera knew, from bytes and from a Blob alike", async () => {
  const { images, warnings } = await resizePhoto(original, { variants });
  assert.deepEqual(warnings, []);
  assert.deepEqual(images.map(({ name, width, height, content_type }) => [name, width, height, content_type]), [
    ["web_1920", 1440, 1920, "image/jpeg"],
    ["thumb_200", 150, 200, "image/jpeg"],
  ]);
  const web = await readMetadata(images[0].bytes);
  assert.deepEqual([web.content_type, web.display_orientation, web.width, web.height], ["image/jpeg", 1, 1440, 1920]);
  assert.deepEqual([web.make, web.taken_at.offset], ["Windlass", "+02:00"]);
  assert.ok(Math.abs(web.location.latitude - 47.4979) < 1e-5);
  const fromBlob = await resizePhoto(new Blob([original]), { variants });
  assert.deepEqual(fromBlob.images.map(({ bytes }) => bytes), images.map(({ bytes }) => bytes));
});

test("a HEIC that is cut off or damaged is refused with a code, and the next one is made", async () => {
  for (const share of [0.001, 0.3, 0.6, 0.95]) {
    const cut = original.slice(0, Math.floor(original.length * share));
    await assert.rejects(resizePhoto(cut, { variants }), (error) => {
      assert.deepEqual([error.name, error.code, error.retryable], ["WindlassError", "incomplete", false], `${share}`);
      return true;
    });
  }
  const { images } = await resizePhoto(original, { variants: [variants[1]] });
  assert.equal(images.length, 1);
});
