/**
 * How long each decoder takes for a picture, in Chromium, to a JPEG of 1920 px: `npm run decoders -- FILE…`. Medians of
 * five, taking turns; with `--json` as JSON. `cargo xtask test browser` has built what it needs.
 */

import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";

import { launch, openPage } from "./harness/browser.mjs";
import { bareOf } from "./harness/decoders.mjs";
import { Service } from "./harness/service.mjs";

const ROUNDS = 5;
const DECODERS = ["photo", "image-decoder", "image-bitmap", "codecs", "heic"];

const asJson = process.argv.includes("--json");
const paths = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const [service, browser] = await Promise.all([Service.start(), launch()]);
try {
  const page = await openPage(browser, service.address);
  await page.goto(bareOf(service.address));
  await page.evaluate(prepare);
  const table = [];
  for (const path of paths) {
    const base64 = (await readFile(path)).toString("base64");
    await page.evaluate((text) => globalThis.take(text), base64);
    const times = Object.fromEntries(DECODERS.map((decoder) => [decoder, []]));
    for (let round = 0; round <= ROUNDS; round++) {
      for (const decoder of DECODERS) {
        const ms = await page.evaluate((name) => globalThis.time(name), decoder);
        // The first round warms up.
        if (round > 0) times[decoder].push(ms);
      }
    }
    table.push({ file: basename(path), kind: extname(path).slice(1), ms: Object.fromEntries(DECODERS.map((name) => [name, median(times[name])])) });
  }
  if (asJson) {
    console.log(JSON.stringify(table));
  } else {
    console.log(`| file | ${DECODERS.join(" | ")} |\n| --- |${" --: |".repeat(DECODERS.length)}`);
    for (const { file, ms } of table) console.log(`| ${file} | ${DECODERS.map((name) => ms[name] ?? "–").join(" | ")} |`);
  }
} finally {
  await browser.close();
  await service.stop();
}

/** `null` where it refuses the picture. */
function median(times) {
  const sorted = times.filter((ms) => ms !== null).sort((a, b) => a - b);
  return sorted.length < ROUNDS ? null : Math.round(sorted[sorted.length >> 1]);
}

/** In the page. */
async function prepare() {
  const compile = async (name) => WebAssembly.compile(await (await fetch(`/windlass/windlass_${name}_bg.wasm`)).arrayBuffer());
  const [photo, pixels, codecs, heic] = await Promise.all(["photo", "pixels", "codecs", "heic"].map(compile));
  const asIs = { createScriptURL: (text) => text };
  const policy = globalThis.trustedTypes?.createPolicy("windlass", asIs) ?? asIs;
  const worker = new Worker(policy.createScriptURL("/windlass/image.worker.js"), { type: "module" });
  await new Promise((ready) => (worker.onmessage = ready));
  worker.postMessage({ kind: "start", module: photo, config: null });
  let file;
  globalThis.take = (base64) => {
    file = new Blob([Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))]);
  };
  globalThis.time = async (decoder) => {
    const modules = { photo: {}, codecs: { codecs }, heic: { heic } }[decoder] ?? { pixels };
    const only = decoder.startsWith("image-") ? { only: decoder } : {};
    const options = { variants: [{ name: "web", max_edge: 1920, quality: 0.8 }] };
    const begun = performance.now();
    const answer = await new Promise((resolve) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.postMessage({ kind: "job", request: { task: "resize", file, options, modules, ...only } });
    });
    const took = performance.now() - begun;
    return answer.reply?.task === "resize" && (only.only ?? decoder) === answer.reply.work.decoder ? took : null;
  };
}
