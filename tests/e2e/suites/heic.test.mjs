/** A HEIC, which Chromium cannot show: the page makes JPEGs of it, and sends the HEIC itself unchanged. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, scratchFolder, sha256OfFile, sha256OfUrl, truncate } from "../harness/bytes.mjs";
import { choose, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows } from "../harness/uploader.mjs";

let service;
let browser;
let page;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  page = await openPage(browser, service.address);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

async function sent(filename) {
  await allRows(page, ["stored", "failed"]);
  const photo = (await service.photos()).find((each) => each.filename === filename);
  assert.ok(photo, `${filename} is not stored`);
  return photo;
}

test("pain 14: a HEIC arrives byte for byte, with upright JPEGs that the browser shows", async () => {
  await choose(page, fixture("photo_3mp_o6.heic"));
  const photo = await sent("photo_3mp_o6.heic");
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture("photo_3mp_o6.heic")));
  assert.deepEqual([photo.content_type, photo.metadata.make], ["image/heic", "Windlass"]);
  assert.deepEqual(photo.metadata.warnings, []);
  // Blue sky is up, green ground is down.
  const shown = await page.evaluate(async (url) => {
    const blob = await (await fetch(url)).blob();
    const bitmap = await createImageBitmap(blob);
    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const at = (y) => [...context.getImageData(bitmap.width * 0.06, bitmap.height * y, 1, 1).data];
    return { type: blob.type, size: [bitmap.width, bitmap.height], top: at(0.04), bottom: at(0.96) };
  }, photo.variants.web_1920.url);
  assert.deepEqual([shown.type, shown.size], ["image/jpeg", [1440, 1920]]);
  assert.ok(shown.top[2] > shown.top[0], `sky: ${shown.top}`);
  assert.ok(shown.bottom[1] > shown.bottom[0] && shown.bottom[1] > shown.bottom[2], `ground: ${shown.bottom}`);
});

test("a HEIC that is cut off is sent as it is and flagged", async () => {
  const cut = await truncate(fixture("photo_3mp_o6.heic"), join(scratchFolder(), "cut.heic"), 0.6);
  await choose(page, cut);
  const photo = await sent("cut.heic");
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(cut));
  assert.deepEqual(photo.variants, {});
  assert.ok(photo.metadata.warnings.some(({ code }) => code === "incomplete"), JSON.stringify(photo.metadata.warnings));
});
