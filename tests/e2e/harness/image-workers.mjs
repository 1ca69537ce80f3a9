/** The workers of a page, the image workers above all, seen and disturbed from outside. */

import { eventually } from "./browser.mjs";

/** What any photo needs: no more is fetched ahead. */
const AHEAD = ["windlass_photo_bg.wasm", "windlass_upload_bg.wasm"];
const PAGE_BYTES = 65_536;
const MEMORY_SECTION = 5;

/** Waits until a page that nobody uses has both workers, and has fetched what they need. */
export async function areWarm(page) {
  const fetched = () => page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name.split("/").at(-1)));
  await eventually(
    "one worker of each kind, and their modules",
    async () => ({ workers: scripts(page).toSorted(), modules: await fetched() }),
    ({ workers, modules }) => workers.join() === "image.worker.js,upload.worker.js" && AHEAD.every((name) => modules.includes(name)),
  );
  await page.waitForLoadState("networkidle");
}

/** The scripts of a page's workers. */
export function scripts(page) {
  return page.workers().map((worker) => new URL(worker.url()).pathname.split("/").at(-1));
}

/** Makes the page believe in so many cores, of which one is left to the page. */
export async function pretendCores(page, count) {
  const session = await page.context().newCDPSession(page);
  await session.send("Emulation.setHardwareConcurrencyOverride", { hardwareConcurrency: count });
}

/** Every image worker that the page starts from now on, with a promise of its end. */
export function watchImageWorkers(page) {
  const started = [];
  page.on("worker", (worker) => {
    if (worker.url().endsWith("/image.worker.js")) {
      started.push({ worker, ended: new Promise((done) => worker.once("close", done)) });
    }
  });
  return started;
}

/** Gives the page a photo module that never has more than so many bytes of memory: a phone that is full. */
export async function limitMemory(page, bytes) {
  await page.route("**/windlass_photo_bg.wasm", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: withMaximum(await answer.body(), Math.floor(bytes / PAGE_BYTES)) });
  });
}

/** Lets no worker ever come to an end with the smaller pictures of that file: its page ends before. */
export function holdResizing(page, filename) {
  return page.addInitScript((held) => {
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
      if (message?.request?.task !== "resize" || message.request.file.name !== held) post.call(this, message, ...rest);
    };
  }, filename);
}

/** Lets a worker's module run into `unreachable`, as a bug of ours would, when it resizes for the `nth` time. */
export function trapAtResize(page, nth) {
  return atResize(page, nth, [0]);
}

/** Lets it go round in circles instead, and twelve of the page's steps of ten seconds pass in six. */
export async function neverEndAtResize(page, nth) {
  await page.addInitScript(() => {
    const setTimeout = globalThis.setTimeout;
    globalThis.setTimeout = (act, ms, ...given) => setTimeout(act, ms === 10_000 ? 500 : ms, ...given);
  });
  // loop br 0 end
  await atResize(page, nth, [3, 64, 12, 0, 11]);
}

/** Has a worker's module do this, in bytes of WebAssembly, when it resizes for the `nth` time. */
async function atResize(page, nth, instructions) {
  const code = [1, instructions.length + 2, 0, ...instructions, 11];
  const prelude = `{
    // (module (func (export "trap") …))
    const trapping = new WebAssembly.Module(new Uint8Array([
      0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0, 10, ${[code.length, ...code]},
    ]));
    const { trap } = new WebAssembly.Instance(trapping).exports;
    const instantiate = WebAssembly.instantiate;
    WebAssembly.instantiate = async (module, imports) => {
      const { exports } = await instantiate(module, imports);
      let calls = 0;
      const resize = (...given) => (++calls === ${nth} ? trap() : exports.picture_resizeFast(...given));
      const value = exports.picture_resizeFast ? { ...exports, picture_resizeFast: resize } : exports;
      return Object.create(WebAssembly.Instance.prototype, { exports: { value } });
    };
  }\n`;
  await page.route("**/image.worker.js", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, body: prelude + (await answer.text()) });
  });
}

/** A module's bytes with an upper limit to its memory, in pages of 64 KiB. */
function withMaximum(module, maximumPages) {
  const pieces = [module.subarray(0, 8)];
  for (let at = 8; at < module.length; ) {
    const [length, lengthBytes] = unsigned(module, at + 1);
    const content = at + 1 + lengthBytes;
    if (module[at] === MEMORY_SECTION) {
      // One memory; its flags, of which the first says whether there is a maximum; its minimum.
      const [minimumPages] = unsigned(module, content + 2);
      const limited = [1, 1, ...encoded(minimumPages), ...encoded(maximumPages)];
      pieces.push(Buffer.from([MEMORY_SECTION, ...encoded(limited.length), ...limited]));
    } else {
      pieces.push(module.subarray(at, content + length));
    }
    at = content + length;
  }
  return Buffer.concat(pieces);
}

/** A number in LEB128, and how many bytes it takes. */
function unsigned(bytes, at) {
  let value = 0;
  for (let taken = 0; ; taken++) {
    const byte = bytes[at + taken];
    value += (byte & 0x7f) * 2 ** (7 * taken);
    if (byte < 0x80) return [value, taken + 1];
  }
}

function encoded(value) {
  const bytes = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return [...bytes, left];
    bytes.push((left % 128) | 0x80);
  }
}
