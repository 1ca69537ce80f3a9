/**
 * What `bench.mjs` calls in the page. A contender is a module with `prepare()`, which resolves to a
 * function from a photo and edges to JPEGs: it is imported when first asked for, so that a page which
 * asked for nothing yet is a cold one.
 */

/** The upright size of the photo, which the browser's own functions have to be told. */
let upright;
let photo;
const prepared = new Map();

/** Takes the photo that was chosen in the page's input. */
export function takePhoto(size) {
  upright = size;
  photo = document.querySelector("input").files[0];
}

/** Width and height within a square of `edge`. */
export function fitted(edge) {
  const scale = Math.min(1, edge / Math.max(upright.width, upright.height));
  return { width: Math.round(upright.width * scale), height: Math.round(upright.height * scale) };
}

function ready(name) {
  if (!prepared.has(name)) {
    prepared.set(name, import(`/built/contenders/${name}.js`).then((contender) => contender.prepare(fitted)));
  }
  return prepared.get(name);
}

/** One run, from the photo to all its JPEGs: milliseconds, and the size in bytes of each. */
export async function run(name, edges, { settled = true } = {}) {
  if (settled) await ready(name);
  performance.mark("run-begins");
  const started = performance.now();
  const make = await ready(name);
  const made = await make(photo, edges, 0.8);
  const milliseconds = performance.now() - started;
  performance.mark("run-ends");
  return { milliseconds, bytes: made.map(({ size }) => size) };
}

/** One run whose largest JPEG goes to the server, to be compared with the reference. */
export async function send(name) {
  const make = await ready(name);
  const [largest] = await make(photo, [1920], 0.8);
  await fetch(`/made/${name}.jpg`, { method: "PUT", body: largest });
}

globalThis.bench = { takePhoto, run, send };
