/**
 * The package as its users get it: packed, installed into a project of its own, and used under Node, by
 * TypeScript and by a bundler. What a browser does with it is tested in `tests/e2e`, on the same files.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";

const exec = promisify(execFile);
const packageFolder = fileURLToPath(new URL("..", import.meta.url));
const example = (name) => fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));

let folder;
let installed;

/** Runs a program and shows what it said when it fails. */
async function run(program, args, cwd) {
  try {
    return (await exec(program, args, { cwd })).stdout;
  } catch (error) {
    throw new Error(`${program} ${args.join(" ")} failed:\n${error.stdout}\n${error.stderr}`);
  }
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "windlass-packaging-"));
  const [{ filename }] = JSON.parse(
    await run("npm", ["pack", "--json", "--loglevel=error", "--pack-destination", folder], packageFolder),
  );
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "consumer", private: true, type: "module" }));
  await run("npm", ["install", "--loglevel=error", "--no-audit", "--no-fund", `./${filename}`], folder);
  installed = join(folder, "node_modules/windlass");
});
after(() => rm(folder, { recursive: true, force: true }));

test("the tarball holds what is used, the licences, and nothing else", async () => {
  const names = await readdir(installed, { recursive: true });
  for (const wanted of [
    "README.md",
    "dist/index.js",
    "dist/core.js",
    "dist/core.node.js",
    "dist/elements.js",
    "dist/image.worker.js",
    "dist/keep.worker.js",
    "dist/service-worker.js",
    "dist/upload.worker.js",
    "dist/windlass_photo_bg.wasm",
    "dist/windlass_photo_baseline_bg.wasm",
    "dist/windlass_pixels_bg.wasm",
    "dist/windlass_pixels_baseline_bg.wasm",
    "dist/windlass_codecs_bg.wasm",
    "dist/windlass_codecs_baseline_bg.wasm",
    "dist/windlass_heic_bg.wasm",
    "dist/windlass_heic_baseline_bg.wasm",
    "dist/windlass_upload_bg.wasm",
    "dist/LICENSE-MIT",
    "dist/LICENSE-APACHE",
    "dist/types/index.d.ts",
  ]) {
    assert.ok(names.includes(wanted), `${wanted} is missing`);
  }
  const foreign = names.filter((name) => !/^(dist(\/|$)|README\.md$|package\.json$)/.test(name));
  assert.deepEqual(foreign, []);
});

test("under Node, windlass/core reads a picture, and importing the rest is harmless", async () => {
  await writeFile(
    join(folder, "node.mjs"),
    `import { readMetadata, resizePhoto } from "windlass/core";
     import { Windlass } from "windlass";
     import "windlass/elements";
     // A PNG of one pixel: signature, IHDR, IDAT, IEND.
     const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
     const { content_type, width, height, make, warnings } = await readMetadata(new Uint8Array(png));
     const fromBlob = await readMetadata(new Blob([png]));
     const { images } = await resizePhoto(new Blob([png]), { variants: [{ name: "tiny", max_edge: 10, quality: 0.8 }] });
     const refused = await resizePhoto(new Uint8Array([1, 2, 3]), { variants: [{ name: "tiny", max_edge: 10 }] }).catch((error) => error);
     console.log(JSON.stringify({
       content_type, width, height, make, warnings,
       same: fromBlob.width === width,
       images: images.map((image) => [image.name, image.width, image.height, image.bytes.length > 0]),
       refused: [refused.name, refused.code, refused.retryable],
       client: typeof Windlass,
     }));`,
  );
  assert.deepEqual(JSON.parse(await run("node", ["node.mjs"], folder)), {
    content_type: "image/png",
    width: 1,
    height: 1,
    make: null,
    warnings: [],
    same: true,
    images: [["tiny", 1, 1, true]],
    refused: ["WindlassError", "unsupported_format", false],
    client: "function",
  });
});

test("TypeScript understands the package, by bundlers' rules and by Node's", async () => {
  await writeFile(
    join(folder, "consumer.ts"),
    `import { Windlass, type Photo, type Upload } from "windlass";
     import { readMetadata, type PhotoMetadata } from "windlass/core";
     import { WindlassUploader } from "windlass/elements/classes";
     import "windlass/elements";
     const client = new Windlass({ endpoint: "/", project: "job-7", token: async () => "jwt" });
     client.addEventListener("progress", ({ total }) => console.log(total.sent_bytes.toFixed()));
     const upload: Upload = client.add(new Blob(["x"]), { clientRef: "a" });
     const uploads: Upload[] = client.add([new Blob(["x"])]);
     const photo: Promise<Photo> = upload.done;
     const metadata: PhotoMetadata = await readMetadata(new Uint8Array());
     const make: string | null = metadata.make;
     document.addEventListener("windlass-photo", ({ detail }) => detail.photo.photo_id);
     const uploader: WindlassUploader | null = document.querySelector("windlass-uploader");
     // @ts-expect-error: not a policy
     new Windlass({ endpoint: "/", project: "job-7", token: () => "jwt", metadata: "shred" });
     export { make, photo, uploader, uploads };`,
  );
  const tsc = join(packageFolder, "node_modules/typescript/bin/tsc");
  const shared = ["--noEmit", "--strict", "--target", "es2022", "--lib", "es2023,dom,dom.iterable", "--types", ""];
  await run("node", [tsc, ...shared, "--module", "esnext", "--moduleResolution", "bundler", "consumer.ts"], folder);
  await run("node", [tsc, ...shared, "--module", "nodenext", "consumer.ts"], folder);
});

/** Builds a copy of an example with the installed package, and answers the names of what came out. */
async function buildExample(name) {
  const [source, copy] = [example(name), join(folder, name)];
  await cp(source, copy, {
    recursive: true,
    filter: (path) => !/[\\/](node_modules|dist)$/.test(path),
  });
  await run("npm", ["ci", "--loglevel=error"], source);
  await mkdir(join(copy, "node_modules"));
  for (const each of (await readdir(join(source, "node_modules"))).filter((each) => each !== "windlass")) {
    await symlink(join(source, "node_modules", each), join(copy, "node_modules", each));
  }
  await cp(installed, join(copy, "node_modules/windlass"), { recursive: true });
  await run("npm", ["run", "build"], copy);
  return readdir(join(copy, "dist/assets"));
}

test("Vite builds the dashboard example, with workers and WebAssembly as files of their own", async () => {
  const assets = await buildExample("dashboard-vite");
  for (const wanted of ["image.worker", "keep.worker", "upload.worker", "windlass_photo_bg", "windlass_photo_baseline_bg", "windlass_pixels_bg", "windlass_codecs_bg", "windlass_heic_bg", "windlass_upload_bg"]) {
    assert.ok(assets.some((name) => name.startsWith(wanted)), `${wanted} is not among ${assets}`);
  }
  // Its two pages share what they have of the package.
  const scripts = assets.filter((name) => name.endsWith(".js") && !name.includes(".worker-"));
  const texts = scripts.map((name) => readFile(join(folder, "dashboard-vite/dist/assets", name), "utf8"));
  const text = (await Promise.all(texts)).join("\n");
  for (const asset of assets.filter((name) => /\.(wasm|worker-.*\.js)$/.test(name))) {
    assert.ok(text.includes(asset), `${asset} is not referred to`);
  }
});

test("Vite builds the Uppy example, whose gallery is the package's", async () => {
  const assets = await buildExample("uppy");
  const script = assets.find((name) => /^index-.*\.js$/.test(name));
  const text = await readFile(join(folder, "uppy/dist/assets", script), "utf8");
  for (const wanted of ["windlass-gallery", "companionEndpoint", "authorization"]) {
    assert.ok(text.includes(wanted), `${wanted} is not in ${script}`);
  }
});

test("what esbuild leaves behind is what the README has people copy", async () => {
  await writeFile(join(folder, "bundled.js"), `import "windlass/elements";`);
  const options = { bundle: true, format: "esm", write: false, logLevel: "silent" };
  const { outputFiles, warnings } = await build({ ...options, entryPoints: [join(folder, "bundled.js")] });
  assert.deepEqual(warnings, []);
  const asked = outputFiles.flatMap(({ text }) => [...text.matchAll(/new URL\("\.\/([^"]+)", import\.meta\.url\)/g)].map(([, name]) => name));
  const copied = (await readdir(join(installed, "dist"))).filter((name) => /\.worker\.js$|\.wasm$/.test(name));
  assert.deepEqual([...new Set(asked)].sort(), copied.sort());
});
