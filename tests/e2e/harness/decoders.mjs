/** Every way a picture can be decoded, tried one by one in a browser: does it come out upright, and once? */

import { readFile } from "node:fs/promises";

import { fixture } from "./bytes.mjs";

/** Of `sdk-wasm/core/examples/make_photo/scene.rs`: a colour, and where it is in the upright picture. */
const LANDMARKS = {
  sun: { color: [255, 236, 120], at: [0.84, 0.14] },
  roof: { color: [196, 44, 36], at: [0.5, 0.4] },
  door: { color: [98, 62, 38], at: [0.5, 0.7] },
  ground: { color: [58, 128, 48], at: [0.1, 0.92] },
};

/** Where the place (u, v) of a stored picture is once it has been turned by each EXIF orientation. */
const TURNED = {
  1: (u, v) => [u, v],
  2: (u, v) => [1 - u, v],
  3: (u, v) => [1 - u, 1 - v],
  4: (u, v) => [u, 1 - v],
  5: (u, v) => [v, u],
  6: (u, v) => [1 - v, u],
  7: (u, v) => [1 - v, 1 - u],
  8: (u, v) => [v, 1 - u],
};

export const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8];

/**
 * Resizes `turned_o6.png` and the like in a worker of the page, with one decoder: `photo`, `codecs`, `heic`, or one of
 * the browser's. `run` runs a function in the page. Returns `made`, or the `code` of the refusal.
 */
export async function resizeWith(run, name, orientation, decoder, format = "jpeg") {
  return resizeBytes(run, name, orientation, await readFile(fixture(name.replace("{}", orientation))), decoder, format);
}

/** The same of bytes that are not a fixture's. */
export async function resizeBytes(run, name, orientation, bytes, decoder, format = "jpeg") {
  const base64 = bytes.toString("base64");
  // The AVIF is the same upright house for all; its container turns it.
  const isStoredUpright = name.endsWith(".avif");
  const landmarks = Object.entries(LANDMARKS).map(([landmark, { at }]) => {
    const place = isStoredUpright ? TURNED[orientation](...at) : at;
    return [landmark, place];
  });
  const made = await run(inPage, { base64, decoder, format, places: landmarks.map(([, place]) => place) });
  if (made.code !== undefined) return made;
  const seen = Object.fromEntries(landmarks.map(([landmark], index) => [landmark, nearest(made.colors[index])]));
  return { ...made, seen };
}

/** What `seen` is when the picture is upright. */
export const UPRIGHT = Object.fromEntries(Object.keys(LANDMARKS).map((landmark) => [landmark, landmark]));

/** Width and height of the result, at most 300 px. */
export function sizeOf(name, orientation) {
  const [width, height] = name.endsWith(".avif") ? [128, 96] : [300, 225];
  return orientation < 5 ? [width, height] : [height, width];
}

function nearest(color) {
  const distance = (other) => other.reduce((sum, level, index) => sum + (level - color[index]) ** 2, 0);
  const [name] = Object.entries(LANDMARKS)
    .map(([landmark, { color: expected }]) => [landmark, distance(expected)])
    .sort(([, a], [, b]) => a - b)[0];
  return name;
}

/** A page of the site without the package, whose one policy of Trusted Types is then ours to make. */
export const bareOf = (address) => `${address}/demo.css`;

/** In the page: alone, as it is sent there as text. */
async function inPage({ base64, decoder, format, places }) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const compile = async (name) => WebAssembly.compile(await (await fetch(`/windlass/windlass_${name}_bg.wasm`)).arrayBuffer());
  globalThis.decoding ??= (async () => {
    const [photo, pixels, codecs, heic] = await Promise.all(["photo", "pixels", "codecs", "heic"].map(compile));
    const asIs = { createScriptURL: (text) => text };
    const policy = globalThis.trustedTypes?.createPolicy("windlass", asIs) ?? asIs;
    const worker = new Worker(policy.createScriptURL("/windlass/image.worker.js"), { type: "module" });
    await new Promise((ready) => (worker.onmessage = ready));
    worker.postMessage({ kind: "start", module: photo, config: null });
    const ask = (request) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
        worker.postMessage({ kind: "job", request });
      });
    return { ask, pixels, codecs, heic };
  })();
  const { ask, pixels, codecs, heic } = await globalThis.decoding;
  const isOurs = { codecs: { codecs }, heic: { heic }, photo: {}, best: { pixels } }[decoder];
  const file = new Blob([bytes]);
  const options = { variants: [{ name: "web", max_edge: 300, quality: 0.9 }], format };
  const request = { task: "resize", file, options, modules: isOurs ?? { pixels }, ...(isOurs ? {} : { only: decoder }) };
  const answer = await ask(request);
  if (answer.kind !== "done") return { code: answer.error.code, message: answer.error.message };
  if (answer.reply.task !== "resize") return { code: `needs_${answer.reply.module}` };
  const { images, warnings, work } = answer.reply;
  const { blob, width, height, content_type: type } = images[0];
  const { reply } = await ask({ task: "read", file: blob });
  const bitmap = await createImageBitmap(blob);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const colors = places.map(([u, v]) => [...context.getImageData(u * bitmap.width, v * bitmap.height, 1, 1).data].slice(0, 3));
  const { orientation, display_orientation, make } = reply.metadata;
  return {
    colors,
    type,
    used: work.decoder,
    warnings: warnings.map(({ code }) => code),
    size: [width, height],
    shown: [bitmap.width, bitmap.height],
    metadata: { orientation, display_orientation, make, size: [reply.metadata.width, reply.metadata.height] },
  };
}

/** Which decoders there are for each kind of picture; a browser need not have those of its own. */
export const DECODERS = {
  "baseline_o{}.jpg": ["photo", "image-decoder", "image-bitmap"],
  "progressive_o{}.jpg": ["codecs", "image-decoder", "image-bitmap", "best"],
  "turned_o{}.png": ["codecs", "image-decoder", "image-bitmap", "best"],
  "turned_o{}.webp": ["codecs", "image-decoder", "image-bitmap", "best"],
  "turned_o{}.tiff": ["codecs"],
  "turned_o{}.heic": ["heic", "image-bitmap"],
  "turned_o{}.avif": ["image-decoder", "image-bitmap", "best"],
};
