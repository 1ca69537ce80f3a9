/** Under Node there is no browser to decode or to encode: our modules do it all, or say that they cannot. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { readMetadata, resizePhoto } from "../../npm/dist/core.node.js";

const folder = process.env.WINDLASS_FIXTURES;
if (!folder) {
  throw new Error("WINDLASS_FIXTURES is not set: run these tests with `cargo xtask test npm`");
}
const original = (name) => new Uint8Array(readFileSync(join(folder, name)));
const variants = [{ name: "web", max_edge: 300, quality: 0.8 }];

test("every format but AVIF is made upright by our own modules", async () => {
  for (const name of ["baseline_o6.jpg", "progressive_o6.jpg", "turned_o6.png", "turned_o6.webp", "turned_o6.tiff", "turned_o6.heic"]) {
    const { images, warnings } = await resizePhoto(original(name), { variants });
    assert.deepEqual([images[0].width, images[0].height, images[0].content_type, warnings], [225, 300, "image/jpeg", []], name);
  }
});

test("an AVIF is refused with a code, and its metadata is read all the same", async () => {
  const avif = original("turned_o6.avif");
  await assert.rejects(resizePhoto(avif, { variants }), { name: "WindlassError", code: "unsupported_format", retryable: false });
  const { content_type, display_orientation, width, height, make } = await readMetadata(avif);
  assert.deepEqual([content_type, display_orientation, width, height, make], ["image/avif", 6, 128, 96, "Windlass"]);
});

test("WebP cannot be encoded here: it is JPEG, and a warning says so", async () => {
  const { images, warnings } = await resizePhoto(original("baseline_o6.jpg"), { variants, format: "webp" });
  assert.equal(images[0].content_type, "image/jpeg");
  assert.deepEqual(warnings.map(({ code }) => code), ["webp_not_encoded"]);
});
