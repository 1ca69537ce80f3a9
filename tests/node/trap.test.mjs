/** A module that trapped is in an unknown state: `windlass/core` does not ask it again. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readMetadata, resizePhoto } from "../../npm/dist/core.node.js";

const folder = process.env.WINDLASS_FIXTURES;
if (!folder) {
  throw new Error("WINDLASS_FIXTURES is not set: run these tests with `cargo xtask test npm`");
}

const OPTIONS = { variants: [{ name: "thumb", max_edge: 200, quality: 0.7 }], metadata: "keep" };
const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** A file at whose nth slice the module that wants it traps. */
function trapping(bytes, nth) {
  const blob = new Blob([bytes]);
  let slices = 0;
  blob.slice = (...range) => {
    slices += 1;
    if (slices >= nth) {
      throw new WebAssembly.RuntimeError("unreachable");
    }
    return Blob.prototype.slice.apply(blob, range);
  };
  return blob;
}

const isTrap = (error) => error.code === "wasm_trap";

test("a module that trapped is not asked again, and the other one goes on", async () => {
  const photo = await readFile(join(folder, "photo_12mp_o6.jpg"));
  // The first slice goes to the photo module, which says that the picture is for the codecs.
  await assert.rejects(resizePhoto(trapping(PNG, 2), OPTIONS), isTrap);
  await assert.rejects(resizePhoto(new Blob([PNG]), OPTIONS), isTrap);
  assert.equal((await resizePhoto(new Blob([photo]), OPTIONS)).images.length, 1);
  assert.equal((await readMetadata(new Blob([photo]))).make, "Windlass");

  await assert.rejects(readMetadata(trapping(photo, 1)), isTrap);
  await assert.rejects(readMetadata(new Blob([photo])), isTrap);
  await assert.rejects(resizePhoto(new Blob([photo]), OPTIONS), (error) => isTrap(error) && /Reload/.test(error.message));
});
