/** A 12-megapixel photo with orientation 6 and a place: the main job. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { fixture, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { choose, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, picturesShown } from "../harness/uploader.mjs";

let service;
let browser;
let page;
let photo;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  page = await openPage(browser, service.address);
  await choose(page, fixture("photo_12mp_o6.jpg"));
  await allRows(page, ["stored"]);
  [photo] = await service.photos();
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

test("the original arrives byte for byte", async () => {
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture("photo_12mp_o6.jpg")));
});

test("pain 13: the list tells camera, time, place and upright dimensions", () => {
  assert.equal(photo.metadata.make, "Windlass");
  assert.equal(photo.metadata.model, "Test Camera");
  assert.equal(photo.metadata.orientation, 6);
  assert.equal(photo.taken_at, "2026-05-17T09:12:58.120+02:00");
  assert.ok(Math.abs(photo.location.latitude - 47.4979) < 1e-5);
  assert.ok(Math.abs(photo.location.longitude - 19.0402) < 1e-5);
  assert.ok(Math.abs(photo.location.altitude_m - 102.5) < 0.1);
  assert.deepEqual([photo.width, photo.height], [3036, 4048]);
});

test("the variants are upright pictures of the promised sizes", async () => {
  const sizes = Object.fromEntries(
    Object.entries(photo.variants).map(([name, { width, height }]) => [name, [width, height]]),
  );
  assert.deepEqual(sizes, { thumb_200: [150, 200], web_1920: [1440, 1920] });
  // Blue sky is up, green ground is down: looked at by the browser's own decoder, with orientation applied.
  const colours = await page.evaluate(async (url) => {
    const bitmap = await createImageBitmap(await (await fetch(url)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const at = (y) => [...context.getImageData(canvas.width * 0.06, canvas.height * y, 1, 1).data];
    return { size: [bitmap.width, bitmap.height], top: at(0.04), bottom: at(0.96) };
  }, photo.variants.web_1920.url);
  assert.deepEqual(colours.size, [1440, 1920]);
  const [, , topBlue] = colours.top;
  const [bottomRed, bottomGreen, bottomBlue] = colours.bottom;
  assert.ok(topBlue > colours.top[0], `sky: ${colours.top}`);
  assert.ok(bottomGreen > bottomRed && bottomGreen > bottomBlue, `ground: ${colours.bottom}`);
});

test("the gallery shows it upright, with camera, time and place in its details", async () => {
  const [picture] = await picturesShown(page, 1);
  assert.ok(picture.naturalHeight > picture.naturalWidth);
  await page.locator("windlass-gallery button.tile").click();
  const dialog = page.locator("windlass-gallery dialog[open]");
  await dialog.waitFor();
  const text = await dialog.innerText();
  assert.match(text, /Windlass Test Camera/);
  assert.match(text, /2026/);
  assert.match(text, /47\.49790/);
  assert.match(text, /photo_12mp_o6\.jpg/);
});

test("an uploader that is taken off the page releases its thumbnails, and one that is moved keeps them", async () => {
  const seen = await page.evaluate(async (url) => {
    const [first] = document.getElementsByTagName("windlass-uploader");
    const uploader = document.createElement("windlass-uploader");
    uploader.client = first.client;
    document.body.append(uploader);
    const bytes = await (await fetch(url)).blob();
    const [upload] = uploader.add([new File([bytes], "again.jpg", { type: bytes.type })]);
    await upload.done;
    document.body.prepend(uploader);
    await Promise.resolve();
    const moved = upload.preview;
    uploader.remove();
    await Promise.resolve();
    return { moved, removed: upload.preview };
  }, photo.url);
  assert.match(seen.moved, /^blob:/);
  assert.equal(seen.removed, null);
});

test("a photo smaller than the pictures asked for is there at its full size without its place", async () => {
  const given = { token: service.token({ project: "no-place" }), bytes: await readFile(fixture("photo_2mp_o1.jpg"), "base64") };
  const seen = await page.evaluate(async ({ token, bytes }) => {
    const [{ Windlass }, { readMetadata }] = await Promise.all([import("/windlass/index.js"), import("/windlass/core.js")]);
    const file = new File([Uint8Array.from(atob(bytes), (each) => each.charCodeAt(0))], "small.jpg", { type: "image/jpeg" });
    const options = { endpoint: location.origin, project: "no-place", token: () => token, metadata: "strip-location", keep: false };
    const client = new Windlass(options);
    const { variants } = await client.add(file).done;
    client.close();
    const { width, height, make, location: place } = await readMetadata(await (await fetch(variants.web_1920.url)).blob());
    return { names: Object.keys(variants).sort(), width, height, make, place, had: (await readMetadata(file)).location !== null };
  }, given);
  assert.deepEqual(seen, { names: ["thumb_200", "web_1920"], width: 1632, height: 1224, make: "Windlass", place: null, had: true });
});

test("nobody complained in the console", () => {
  assert.deepEqual(page.complaints, []);
});
