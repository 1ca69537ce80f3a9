/** Image workers: ready before they are needed, no more of them than cores, stopped at once, replaced when they die. */

import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, scratchFolder, sha256OfFile, sha256OfUrl, variation } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { areWarm, limitMemory, neverEndAtResize, pretendCores, scripts, trapAtResize, watchImageWorkers } from "../harness/image-workers.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

let service;
let browser;
let folder;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  folder = scratchFolder();
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** A page that has not begun to load; `prepare` may still change what it will be. */
async function pageWith(prepare) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const fetched = [];
  page.on("request", (request) => fetched.push(new URL(request.url()).pathname.split("/").at(-1)));
  await prepare(page);
  const workers = watchImageWorkers(page);
  await page.goto(service.address);
  await page.locator("windlass-uploader").waitFor();
  return { page, workers, fetched };
}

const small = (name, number) => variation(fixture("photo_2mp_o1.jpg"), join(folder, name), number);
const counted = (list, name) => list.filter((each) => each === name).length;

test("a page at rest has one worker of each kind ready, and choosing fetches nothing that was fetched", async () => {
  const { page, fetched } = await pageWith(() => {});
  await areWarm(page);
  assert.equal(counted(fetched, "windlass_codecs_bg.wasm"), 0, "what not every photo needs is not fetched ahead");
  await choose(page, await small("ready.jpg", 1));
  await allRows(page, ["stored"]);
  for (const name of ["windlass_photo_bg.wasm", "windlass_upload_bg.wasm", "upload.worker.js", "image.worker.js"]) {
    assert.equal(counted(fetched, name), 1, name);
  }
  await page.context().close();
});

test("where the reader asked to save data nothing is fetched before the dialog is opened", async () => {
  const { page, fetched } = await pageWith((fresh) =>
    fresh.addInitScript(() => Object.defineProperty(navigator, "connection", { value: { saveData: true } })),
  );
  await page.waitForLoadState("networkidle");
  assert.deepEqual(scripts(page), []);
  assert.equal(counted(fetched, "windlass_photo_bg.wasm"), 0);
  const dialog = page.waitForEvent("filechooser");
  await page.locator("windlass-uploader button.choose").click();
  await dialog;
  await eventually("both workers", () => scripts(page).length, (count) => count === 2);
  await page.context().close();
});

test("the first photo is announced while others are still to be read", async () => {
  const { page } = await pageWith((fresh) => pretendCores(fresh, 2));
  await areWarm(page);
  const announced = [];
  page.on("request", (request) => {
    if (request.method() === "POST" && request.url().endsWith("/api/v1/uploads")) {
      announced.push(request.postDataJSON().files.length);
    }
  });
  const paths = await Promise.all(Array.from({ length: 20 }, (_, index) => small(`first ${index}.jpg`, 100 + index)));
  await choose(page, ...paths);
  await allRows(page, ["stored"], 120_000);
  assert.ok(announced[0] < 20, `announced together: ${announced}`);
  await page.context().close();
});

test("there are as many workers as cores but one, four at most, and one compiled module for all", async () => {
  for (const [cores, expected] of [[1, 1], [3, 2], [16, 4]]) {
    const { page, workers, fetched } = await pageWith((fresh) => pretendCores(fresh, cores));
    const paths = await Promise.all(
      Array.from({ length: 8 }, (_, index) => small(`${cores} cores ${index}.jpg`, 1_000 * cores + index)),
    );
    await choose(page, ...paths);
    await allRows(page, ["stored"], 120_000);
    assert.equal(workers.length, expected, `${cores} cores`);
    assert.equal(counted(fetched, "windlass_photo_bg.wasm"), 1);
    await page.context().close();
  }
});

test("aborting stops the photo that is being resized at once, and the next one is whole", async () => {
  const { page, workers } = await pageWith((fresh) => pretendCores(fresh, 2));
  await eventually("the image worker", () => workers.length, (count) => count === 1);
  await page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "given", multiple: true }));
    const post = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
      post.call(this, message, ...rest);
      if (message.request?.task === "resize") dispatchEvent(new Event("resizing"));
    };
  });
  await copyFile(fixture("photo_48mp_o1.jpg"), join(folder, "long.jpg"));
  await page.locator("#given").setInputFiles([join(folder, "long.jpg"), await small("next.jpg", 2)]);
  const outcome = await page.evaluate(async () => {
    const { client } = document.querySelector("windlass-uploader");
    const [long, next] = document.querySelector("#given").files;
    const stop = new AbortController();
    addEventListener("resizing", () => stop.abort(), { once: true });
    const stopped = client.add(long, { signal: stop.signal });
    const other = client.add(next);
    const error = await stopped.done.catch((thrown) => thrown);
    const photo = await other.done;
    return { name: error.name, state: stopped.state, filename: photo.filename, variants: Object.keys(photo.variants) };
  });
  await workers[0].ended;
  assert.deepEqual(outcome, { name: "AbortError", state: "cancelled", filename: "next.jpg", variants: ["thumb_200"] });
  assert.equal(workers.length, 2, "the other photo has a worker of its own");
  assert.ok(!(await service.photos()).some(({ filename }) => filename === "long.jpg"));
  await page.context().close();
});

test("a photo that needs more memory than there is goes as it is, and the others are resized", async () => {
  const { page } = await pageWith(async (fresh) => {
    await pretendCores(fresh, 2);
    // Enough for a thumbnail of a small photo; too little for the file and the planes of 12 megapixels.
    await limitMemory(fresh, 10 * 1024 * 1024);
  });
  const paths = await Promise.all(Array.from({ length: 20 }, (_, index) => small(`memory ${index + 1}.jpg`, 200 + index)));
  paths[6] = await variation(fixture("photo_12mp_o6.jpg"), join(folder, "memory large.jpg"), 1);
  await choose(page, ...paths);
  await allRows(page, ["stored"], 120_000);
  await allWellBut(paths, "memory ", "memory large.jpg", ["out_of_memory", "worker_crashed"]);
  const shown = (await rows(page)).find(({ name }) => name === "memory large.jpg");
  assert.ok(shown.warning.length > 20, `the row says so: ${shown.warning}`);
  await page.context().close();
});

for (const { ends, harm, prefix, odd, count, seed } of [
  { ends: "traps on the seventh of ten photos", harm: trapAtResize, prefix: "trap ", odd: 7, count: 10, seed: 300 },
  { ends: "never ends with the fourth of six", harm: neverEndAtResize, prefix: "endless ", odd: 4, count: 6, seed: 400 },
]) {
  test(`a worker whose module ${ends} is replaced, and only that photo goes as it is`, async () => {
    const { page, workers } = await pageWith(async (fresh) => {
      await pretendCores(fresh, 2);
      await harm(fresh, odd);
    });
    const paths = await Promise.all(
      Array.from({ length: count }, (_, index) => small(`${prefix}${index + 1}.jpg`, seed + index)),
    );
    await choose(page, ...paths);
    await allRows(page, ["stored"], 120_000);
    assert.equal(workers.length, 2);
    await workers[0].ended;
    await allWellBut(paths, prefix, `${prefix}${odd}.jpg`, ["worker_crashed"]);
    await page.context().close();
  });
}

/** All are stored as they were chosen; all but one with their thumbnails, and that one flagged. */
async function allWellBut(paths, prefix, odd, codes) {
  const photos = (await service.photos()).filter(({ filename }) => filename.startsWith(prefix));
  const [stored, chosen] = await Promise.all([
    Promise.all(photos.map(({ url }) => sha256OfUrl(url))),
    Promise.all(paths.map(sha256OfFile)),
  ]);
  assert.deepEqual(stored.toSorted(), chosen.toSorted());
  for (const { filename, variants, metadata } of photos) {
    if (filename !== odd) {
      assert.deepEqual(Object.keys(variants), ["thumb_200"], filename);
      assert.deepEqual(metadata.warnings, [], filename);
      continue;
    }
    assert.deepEqual(variants, {}, filename);
    assert.ok(metadata.warnings.some(({ code }) => codes.includes(code)), JSON.stringify(metadata.warnings));
    assert.equal(metadata.make, "Windlass", "what its head says is known all the same");
  }
}
