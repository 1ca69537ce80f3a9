/** The main job, the same in every engine: what `firefox.test.mjs` and `webkit.test.mjs` run. */

import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { eventually } from "../../harness/browser.mjs";
import { fixture, makeVideo, scratchFolder, sha256OfFile, sha256OfUrl, truncate, variation } from "../../harness/bytes.mjs";
import { READING_MS } from "../../harness/uploader.mjs";
import { BehindGate } from "./behind-gate.mjs";
import { choose, openPage, picturesShown, press, rowIs, rows, shownProgress, watchProgress } from "./elements.mjs";

const MIB = 1024 * 1024;
const PHOTO = "photo_12mp_o6.jpg";
const HEIC = "photo_3mp_o6.heic";

/** Declares the tests. `launch` gives a browser as in `firefox.mjs`; `name` names its screenshots. */
export function mainJobIn(name, launch) {
  let stage;
  let gate;
  let service;
  let engine;
  const folder = scratchFolder();

  before(async () => {
    stage = await BehindGate.open(launch);
    ({ gate, service, engine } = stage);
  });
  after(() => stage?.close());
  beforeEach(() => {
    gate.bytesPerSecond = Infinity;
  });

  const stored = async (filename) => {
    const found = (await service.photos()).filter((photo) => photo.filename === filename);
    assert.equal(found.length, 1, `${filename} is there once`);
    return found[0];
  };

  /** The larger of its smaller pictures is a JPEG with the sky above and the ground below. */
  const isUpright = async ({ url }) => {
    const seen = await engine.run(look, url);
    assert.deepEqual([seen.type, seen.size], ["image/jpeg", [1440, 1920]]);
    assert.ok(seen.sky[2] > seen.sky[0], `sky is blue: ${seen.sky}`);
    assert.ok(seen.ground[1] > seen.ground[0] && seen.ground[1] > seen.ground[2], `ground is green: ${seen.ground}`);
  };

  test("a 12-megapixel photo arrives byte for byte, and is previewed upright from a picture made here", async (t) => {
    const started = performance.now();
    await choose(engine, fixture(PHOTO));
    const row = await rowIs(engine, PHOTO, ["stored", "failed"], 120_000);
    t.diagnostic(`from choosing to stored: ${Math.round(performance.now() - started)} ms`);
    assert.equal(row.state, "stored", row.words);
    assert.deepEqual(row.preview, [150, 200]);
    const photo = await stored(PHOTO);
    assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture(PHOTO)));
    assert.equal(photo.metadata.model, "Test Camera");
    assert.equal(photo.taken_at, "2026-05-17T09:12:58.120+02:00");
    assert.deepEqual([photo.width, photo.height], [3036, 4048]);
  });

  test("the variants are upright pictures of the promised sizes", async () => {
    const { variants } = await stored(PHOTO);
    assert.deepEqual([variants.thumb_200.width, variants.thumb_200.height], [150, 200]);
    await isUpright(variants.web_1920);
  });

  test("a truncated photo is sent as it is and flagged", async () => {
    const cut = await truncate(fixture(PHOTO), join(folder, "cut.jpg"), 0.6);
    await choose(engine, cut);
    const row = await rowIs(engine, "cut.jpg", ["stored", "failed"], 120_000);
    assert.equal(row.state, "stored", row.words);
    assert.match(row.warning, /missing/);
    const photo = await stored("cut.jpg");
    assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(cut));
    assert.ok(photo.metadata.warnings.some(({ code }) => code === "incomplete"), JSON.stringify(photo.metadata.warnings));
  });

  test("a 20 MiB video arrives byte for byte in parts, and its progress never goes back", async (t) => {
    const video = await makeVideo(join(folder, "walk.mp4"), 20 * MIB);
    await watchProgress(engine);
    const started = performance.now();
    await choose(engine, video);
    const row = await rowIs(engine, "walk.mp4", ["stored", "failed"], 120_000);
    t.diagnostic(`from choosing to stored: ${Math.round(performance.now() - started)} ms`);
    assert.equal(row.state, "stored", row.words);
    const progress = await shownProgress(engine);
    assert.deepEqual(progress, progress.toSorted((a, b) => a - b));
    assert.equal(progress.at(-1), 100);
    const photo = await stored("walk.mp4");
    const { json: upload } = await service.api(`/uploads/${photo.photo_id}`);
    assert.deepEqual([photo.kind, upload.method, upload.part_count], ["video", "MULTIPART", 4]);
    assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(video));
  });

  test("nothing is wider than a phone", async () => {
    await keepScreenshot(`${name}-page`, engine);
    const { page, window } = await engine.run(() => ({
      page: document.documentElement.scrollWidth,
      window: document.documentElement.clientWidth,
    }));
    assert.ok(page <= window, `the page is ${page} px wide in a window of ${window} px`);
  });

  test("the gallery shows the photo large with what is known, and closing gives the focus back", async () => {
    await engine.run((filename) => {
      const root = document.querySelector("windlass-gallery").shadowRoot;
      root.querySelector(`button.tile[aria-label*="${filename}"]`).click();
    }, PHOTO);
    const shown = await eventually(
      "the dialog shows the picture",
      () =>
        engine.run(() => {
          const dialog = document.querySelector("windlass-gallery").shadowRoot.querySelector("dialog[open]");
          const image = dialog?.querySelector("img");
          return { text: dialog?.innerText ?? "", size: [image?.naturalWidth ?? 0, image?.naturalHeight ?? 0] };
        }),
      ({ size: [width] }) => width > 0,
    );
    await keepScreenshot(`${name}-dialog`, engine);
    assert.deepEqual(shown.size, [1440, 1920]);
    assert.match(shown.text, /Windlass Test Camera/);
    assert.match(shown.text, /47\.49790/);
    const focused = await engine.run(async () => {
      const root = document.querySelector("windlass-gallery").shadowRoot;
      const dialog = root.querySelector("dialog[open]");
      const closed = new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
      dialog.querySelector("button[aria-label=Close]").click();
      await closed;
      return root.activeElement?.className;
    });
    assert.match(focused, /tile/);
  });

  test("on the second visit, with workers out of the cache, a photo is sent as on the first", async () => {
    const another = await variation(fixture(PHOTO), join(folder, "another.jpg"), 1);
    await openPage(engine, service.address);
    await choose(engine, another);
    const row = await rowIs(engine, "another.jpg", ["stored", "failed"], 120_000);
    assert.equal(row.state, "stored", row.words);
    assert.equal(await sha256OfUrl((await stored("another.jpg")).url), await sha256OfFile(another));
    // The truncated one too, as far as it goes; a video has no picture.
    await picturesShown(engine, 3);
  });

  test("a video shows how far it is; cancelled in the middle of a part it leaves nothing behind", async () => {
    const video = await makeVideo(join(folder, "unwanted.mp4"), 120 * MIB, 3);
    // On an open line all of it might arrive while the question is read.
    gate.bytesPerSecond = 12 * MIB;
    await choose(engine, video);
    await eventually("bytes move", () => rows(engine), (list) => list.some(({ words }) => /Sending [1-9]/.test(words)), 120_000);
    await press(engine, "Cancel unwanted.mp4");
    await sleep(READING_MS);
    await press(engine, "Discard? unwanted.mp4");
    await eventually(
      "the row is gone or cancelled",
      () => rows(engine),
      (list) => list.every(({ name, state }) => name !== "unwanted.mp4" || state === "cancelled"),
    );
    gate.bytesPerSecond = Infinity;
    // Still there: a worker that died with the request would have taken this one along.
    const next = await variation(fixture(PHOTO), join(folder, "next.jpg"), 3);
    await choose(engine, next);
    await rowIs(engine, "next.jpg", ["stored"], 120_000);
    assert.ok((await service.photos()).every(({ filename }) => filename !== "unwanted.mp4"));
  });

  test("pain 14: a HEIC arrives byte for byte, with upright JPEGs", async () => {
    await choose(engine, fixture(HEIC));
    const row = await rowIs(engine, HEIC, ["stored", "failed"], 120_000);
    assert.equal(row.state, "stored", row.words);
    const photo = await stored(HEIC);
    assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture(HEIC)));
    assert.deepEqual([photo.content_type, photo.metadata.make, photo.metadata.warnings], ["image/heic", "Windlass", []]);
    await isUpright(photo.variants.web_1920);
  });

  test("pain 19: a file without a type and with a name of other letters is stored under its name", async () => {
    const filename = "屋根 Überdachung №7 (çà & là) 📷.jpg";
    const path = await variation(fixture("photo_2mp_o1.jpg"), join(folder, "letters.jpg"), "letters");
    await engine.run(addWithoutType, filename, (await readFile(path)).toString("base64"));
    const row = await rowIs(engine, filename, ["stored", "failed"], 120_000);
    assert.equal(row.state, "stored", row.words);
    const photo = await stored(filename);
    assert.equal(photo.content_type, "image/jpeg", "its bytes say what it is");
    assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(path));
  });

  test("nobody complained in the console", async () => {
    const complaints = await engine.complaints();
    // Gecko notes in the console that it shows a damaged picture as far as it goes.
    assert.deepEqual(complaints.filter((text) => !/Image corrupt or truncated/.test(text)), []);
  });

  test("a photo chosen while the service is away is sent by itself when it is back", async () => {
    const late = await variation(fixture(PHOTO), join(folder, "late.jpg"), 2);
    await service.pause();
    await choose(engine, late);
    await rowIs(engine, "late.jpg", ["waiting_for_network", "retrying"]);
    await service.resume();
    const row = await rowIs(engine, "late.jpg", ["stored", "failed"], 120_000);
    assert.equal(row.state, "stored", row.words);
    assert.equal(await sha256OfUrl((await stored("late.jpg")).url), await sha256OfFile(late));
  });
}

/** In the page: what a picture is, and its colours near the top and near the bottom. */
async function look(url) {
  const blob = await (await fetch(url)).blob();
  const bitmap = await createImageBitmap(blob);
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const at = (y) => [...context.getImageData(bitmap.width * 0.06, bitmap.height * y, 1, 1).data];
  return { type: blob.type, size: [bitmap.width, bitmap.height], sky: at(0.04), ground: at(0.96) };
}

/** In the page: a file dialog would give the file a type. */
function addWithoutType(filename, base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  document.querySelector("windlass-uploader").add([new File([bytes], filename, { type: "" })]);
}

/** Where a person looks at them: nothing compares pixels. */
async function keepScreenshot(name, engine) {
  const folder = process.env.WINDLASS_SCREENSHOTS;
  if (folder === undefined) return;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `engine-${name}.png`), await engine.screenshot());
}
