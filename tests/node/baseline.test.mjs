/** An engine without simd128: the baseline builds are chosen, and make the very same pictures. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";

const folder = process.env.WINDLASS_FIXTURES;
if (!folder) {
  throw new Error("WINDLASS_FIXTURES is not set: run these tests with `cargo xtask test npm`");
}

/** V8 has no simd128 on a processor without SSE 4.1, and this one is told to have none. */
const WITHOUT_SIMD = ["--no-enable-sse4-1", "--no-enable-ssse3"];

const PROGRAM = `
  import { createHash } from "node:crypto";
  import { readFile } from "node:fs/promises";
  const [core, photo, heic] = process.argv.slice(-3);
  const { readMetadata, resizePhoto } = await import(core);
  const digest = ({ images }) => images.map(({ width, height, bytes }) =>
    [width, height, createHash("sha256").update(bytes).digest("hex")]);
  const options = { variants: [{ name: "web", max_edge: 1920, quality: 0.8 }, { name: "thumb", max_edge: 200, quality: 0.7 }] };
  // A PNG of one pixel: the codecs' module.
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  // i8x16.splat and i8x16.popcnt.
  const probe = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11);
  console.log(JSON.stringify({
    simd: WebAssembly.validate(probe),
    make: (await readMetadata(new Blob([await readFile(photo)]))).make,
    photo: digest(await resizePhoto(new Blob([await readFile(photo)]), options)),
    heic: digest(await resizePhoto(new Blob([await readFile(heic)]), options)),
    png: digest(await resizePhoto(new Uint8Array(png), options)),
  }));
`;

function run(flags) {
  const core = new URL("../../npm/dist/core.node.js", import.meta.url).href;
  const args = [...flags, "--input-type=module", "--eval", PROGRAM, "--", core, join(folder, "photo_12mp_o6.jpg"), join(folder, "photo_3mp_o6.heic")];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

test("without simd128 the same pictures are made, bit for bit", (context) => {
  if (process.arch !== "x64") return context.skip(`an engine on ${process.arch} cannot be told to have no simd128`);
  const withSimd = run([]);
  const without = run(WITHOUT_SIMD);
  assert.equal(withSimd.simd, true);
  assert.equal(without.simd, false);
  assert.equal(without.make, "Windlass");
  assert.deepEqual({ ...without, simd: true }, withSimd);
});
