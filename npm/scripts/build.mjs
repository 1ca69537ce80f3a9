// Bundles `src` into `dist`: the library with shared chunks, and each worker complete in itself.
import { copyFile, mkdir, rm, stat } from "node:fs/promises";
import { build } from "esbuild";

const GENERATED = "src/wasm/generated";
// The `baseline` builds are for engines without simd128, chosen when the module is loaded.
const WITH_BASELINE = ["photo", "pixels", "codecs", "heic"];
const MODULES = [...WITH_BASELINE.flatMap((name) => [name, `${name}_baseline`]), "upload"].map((name) => `windlass_${name}_bg.wasm`);

for (const module of MODULES) {
  await stat(`${GENERATED}/${module}`).catch(() => {
    console.error(`${GENERATED}/${module} is missing: run \`cargo xtask build\`, which makes it.`);
    process.exit(1);
  });
}

await rm("dist", { recursive: true, force: true });
await mkdir("dist", { recursive: true });

const shared = {
  bundle: true,
  format: "esm",
  target: ["es2022"],
  outdir: "dist",
  minify: true,
  sourcemap: "linked",
  legalComments: "none",
  logLevel: "warning",
};

// Everything lands in one folder: addresses relative to `import.meta.url` then hold in every chunk.
await build({
  ...shared,
  entryPoints: {
    index: "src/index.ts",
    core: "src/core.ts",
    "core.node": "src/core.node.ts",
    elements: "src/elements/index.ts",
    "elements-classes": "src/elements/classes.ts",
  },
  splitting: true,
  chunkNames: "chunk-[hash]",
  external: ["node:*"],
});

// Without chunks, so that bundlers can copy the file as it is, and a service worker needs no other.
await build({
  ...shared,
  entryPoints: {
    "image.worker": "src/workers/image.worker.ts",
    "keep.worker": "src/workers/keep.worker.ts",
    "service-worker": "src/service-worker.ts",
    "upload.worker": "src/workers/upload.worker.ts",
  },
});

for (const licence of ["LICENSE-MIT", "LICENSE-APACHE"]) {
  await copyFile(`../${licence}`, `dist/${licence}`);
}
for (const module of MODULES) {
  await copyFile(`${GENERATED}/${module}`, `dist/${module}`);
}
