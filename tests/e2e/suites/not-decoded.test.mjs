/** Pictures that nothing can decode: stored as they are with what is known of them, and shown as such. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, scratchFolder, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

let service;
let browser;
let page;
let folder;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  folder = scratchFolder();
  page = await openPage(browser, service.address);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** An AVIF whose coded picture is noise; its container and its EXIF are sound. */
async function brokenAvif(name) {
  const bytes = Buffer.from(await readFile(fixture("turned_o6.avif")));
  const data = bytes.indexOf("mdat") + 4;
  bytes.fill(0x55, data, data + 260);
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

/** A TIFF that says it is a DNG: tag 50706 in place of the rows of a strip. */
async function raw(name) {
  const bytes = Buffer.from(await readFile(fixture("turned_o1.tiff")));
  const count = bytes.readUInt16LE(8);
  const entry = Array.from({ length: count }, (_, index) => 10 + 12 * index).find((at) => bytes.readUInt16LE(at) === 278);
  bytes.writeUInt16LE(50706, entry);
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

async function stored(filename) {
  const photo = (await service.photos()).find((each) => each.filename === filename);
  assert.ok(photo, `${filename} is not stored`);
  return photo;
}

test("what nothing decodes is stored unchanged with its metadata, and marked as not resized", async () => {
  const avif = await brokenAvif("noise.avif");
  const dng = await raw("sensor.tiff");
  await choose(page, avif, dng);
  await allRows(page, ["stored", "failed"]);
  for (const [path, name, type, make] of [[avif, "noise.avif", "image/avif", "Windlass"], [dng, "sensor.tiff", "image/tiff", null]]) {
    const row = (await rows(page)).find((each) => each.name === name);
    assert.equal(row.state, "stored", row.words);
    assert.match(row.warning, /No smaller picture could be made of this kind of file\. It is sent unchanged/);
    const photo = await stored(name);
    assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(path));
    assert.deepEqual([photo.content_type, photo.variants, photo.metadata.make], [type, {}, make]);
    assert.deepEqual(photo.metadata.warnings.map(({ code }) => code), ["unsupported_format"], name);
  }
});

test("the gallery shows them without a picture, and says why", async () => {
  const gallery = page.locator("windlass-gallery");
  for (const name of ["noise.avif", "sensor.tiff"]) {
    const tile = gallery.locator(`button.tile[aria-label*="${name}"]`);
    await tile.waitFor();
    await tile.click();
    const dialog = gallery.locator("dialog[open]");
    const text = await eventually(`the dialog of ${name} has its words`, () => dialog.innerText(), (words) => /No preview/.test(words));
    assert.match(text, /No preview could be made on the device that sent it/);
    await dialog.getByRole("button", { name: "Close" }).click();
  }
});

test("nobody complained in the console but of the pictures themselves", () => {
  assert.deepEqual(page.complaints.filter((text) => !/Failed to load resource|could not be decoded/.test(text)), []);
});
