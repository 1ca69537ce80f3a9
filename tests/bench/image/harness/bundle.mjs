/** The bench's own scripts bundled for the browser, and what a page downloads of each contender. */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

import { build } from "esbuild";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const packages = join(root, "node_modules");
const windlass = join(root, "../../../npm/dist");

/** In the order in which they take turns. `files` is what is downloaded beside the contender's scripts. */
export const CONTENDERS = [
  { name: "windlass", files: [`${windlass}/image.worker.js`, `${windlass}/windlass_photo_bg.wasm`] },
  { name: "ImageDecoder", script: "image-decoder", files: null },
  { name: "createImageBitmap", script: "create-image-bitmap", files: null },
  { name: "wasm-vips", files: [`${packages}/wasm-vips/lib/vips-es6.js`, `${packages}/wasm-vips/lib/vips.wasm`] },
  {
    name: "browser-image-compression",
    files: [`${packages}/browser-image-compression/dist/browser-image-compression.js`],
  },
  {
    name: "jSquash",
    script: "jsquash",
    worker: "jsquash",
    files: [
      `${packages}/@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm`,
      `${packages}/@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm`,
      `${packages}/@jsquash/resize/lib/resize/pkg/squoosh_resize_bg.wasm`,
    ],
  },
  { name: "compressorjs", files: [`${packages}/compressorjs/dist/compressor.min.js`] },
  { name: "pica", files: [`${packages}/pica/dist/pica.min.mjs`] },
].map((contender) => ({ script: contender.name, ...contender }));

/** Bundles into `folder`; the addresses that the server must know. */
export async function bundle(folder) {
  await build({
    bundle: true,
    format: "esm",
    target: "es2022",
    outdir: folder,
    minify: true,
    splitting: true,
    logLevel: "error",
    external: ["/built/*", "/vips/*"],
    entryPoints: [
      { in: join(root, "page/main.js"), out: "main" },
      ...CONTENDERS.map(({ script }) => ({ in: join(root, `page/contenders/${script}.js`), out: `contenders/${script}` })),
      ...["native", "vips", "jsquash"].map((name) => ({ in: join(root, `page/workers/${name}.js`), out: `workers/${name}` })),
    ],
  });
  return {
    page: join(root, "page"),
    built: folder,
    windlass,
    vips: `${packages}/wasm-vips/lib`,
    bic: `${packages}/browser-image-compression/dist`,
    "jsquash-dec": `${packages}/@jsquash/jpeg/codec/dec`,
    "jsquash-enc": `${packages}/@jsquash/jpeg/codec/enc`,
    "jsquash-resize": `${packages}/@jsquash/resize/lib/resize/pkg`,
  };
}

/** Kilobytes of a contender's scripts and wasm, each compressed with brotli 11; 0 for the browser's own. */
export async function downloadKilobytes({ files, worker }, folder) {
  if (files === null) return 0;
  const all = worker === undefined ? files : [...files, join(folder, `workers/${worker}.js`)];
  const packed = await Promise.all(
    all.map(async (file) => {
      const bytes = await readFile(file);
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      return brotliCompressSync(bytes, { params }).length;
    }),
  );
  return packed.reduce((sum, length) => sum + length, 0) / 1000;
}
