/** `resizePhoto` of `windlass/core` under Node, on a 12-megapixel photo with orientation 6 and a place. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readMetadata, resizePhoto } from "../../npm/dist/core.node.js";

const folder = process.env.WINDLASS_FIXTURES;
if (!folder) {
  throw new Error("WINDLASS_FIXTURES is not set: run these tests with `cargo xtask test npm`");
}
const original = new Uint8Array(readFileSync(join(folder, "photo_12mp_o6.jpg")));
const variants = [
  { name: "web_1920", max_edge: 1920, quality: 0.8 },
  { name: "thumb_200", max_edge: 200, quality: 0.7 },
];

test("the images are upright, of the sizes asked for, and carry what the camera knew", async () => {
  const before = original.slice();
  const { images, warnings } = await resizePhoto(original, { variants });
  assert.deepEqual(warnings, []);
  assert.deepEqual(images.map(({ name, width, height, content_type }) => [name, width, height, content_type]), [
    ["web_1920", 1440, 1920, "image/jpeg"],
    ["thumb_200", 150, 200, "image/jpeg"],
  ]);
  const web = await readMetadata(images[0].bytes);
  assert.deepEqual([web.orientation, web.display_orientation, web.width, web.height], [1, 1, 1440, 1920]);
  assert.deepEqual([web.make, web.model, web.taken_at.offset], ["Windlass", "Test Camera", "+02:00"]);
  assert.ok(Math.abs(web.location.latitude - 47.4979) < 1e-5);
  const thumb = await readMetadata(images[1].bytes);
  assert.deepEqual([thumb.make, thumb.location], [null, null], "a thumbnail carries no EXIF");
  assert.deepEqual(original, before, "the original is not touched");
});

test("the place is left out when asked", async () => {
  const { images } = await resizePhoto(original, { variants: [variants[0]], metadata: "strip-location" });
  const web = await readMetadata(images[0].bytes);
  assert.deepEqual([web.make, web.location], ["Windlass", null]);
  const bare = await resizePhoto(original, { variants: [variants[0]], metadata: "strip" });
  assert.equal((await readMetadata(bare.images[0].bytes)).make, null);
});

test("a photo that is cut off is refused with a code, at any length", async () => {
  for (const share of [0.3, 0.6, 0.9]) {
    const cut = original.slice(0, Math.floor(original.length * share));
    await assert.rejects(resizePhoto(cut, { variants }), (error) => {
      assert.deepEqual([error.name, error.code, error.retryable], ["WindlassError", "incomplete", false]);
      return true;
    });
  }
});
