/** The demo shows, for any photo, what was read of it and what was made of it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, scratchFolder, truncate } from "../harness/bytes.mjs";
import { choose, launch, openPage, PHONE } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, row } from "../harness/uploader.mjs";

let service;
let browser;
let page;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  page = await openPage(browser, service.address, { viewport: PHONE });
  const cut = await truncate(fixture("photo_12mp_o6.jpg"), join(scratchFolder(), "cut.jpg"), 0.6);
  await choose(page, fixture("photo_12mp_o6.jpg"), fixture("photo_2mp_o1.jpg"), cut);
  await allRows(page, ["stored"]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** Unfolds the details of a file, and answers what they say. */
async function unfolded(name) {
  const details = row(page, name).locator("details");
  await details.locator("summary").click();
  await details.locator("table").waitFor();
  return (await details.innerText()).replaceAll(/[ \t\u00a0]+/g, " ");
}

test("a photo tells all that was read, with names and units, and each picture made with its size", async () => {
  const text = await unfolded("photo_12mp_o6.jpg");
  for (const said of [
    /Format\s+image\/jpeg/,
    /Pixels as stored\s+4048 × 3036/,
    /Orientation\s+6: turned right/,
    /Maker\s+Windlass/,
    /Model\s+Test Camera/,
    /Taken\s+2026-05-17 09:12:58\.120 UTC\+02:00/,
    /Latitude\s+47\.4979°/,
    /Longitude\s+19\.0402°/,
    /Altitude\s+102\.5 m/,
    /thumb_200\s+150 × 200 px\s+[\d.]+ kB/,
    /web_1920\s+1440 × 1920 px\s+\d+ kB/,
    /Original\s+As chosen\s+[\d.]+ MB/,
    /Decoded by the fast path for JPEG; all made in [\d,]+ ms, with [\d.]+ MB of memory/,
  ]) {
    assert.match(text, said);
  }
});

test("a picture that was left out says why", async () => {
  assert.match(await unfolded("photo_2mp_o1.jpg"), /web_1920\s+Left out: the photo itself is no larger/);
});

test("a photo of which nothing could be made says so, and what is odd about it", async () => {
  const text = await unfolded("cut.jpg");
  assert.match(text, /Model\s+Test Camera/);
  assert.match(text, /Pictures\s+None: only the file itself is sent/);
  assert.match(text, /Unusual about this file\s+The JPEG is incomplete[^\n]*incomplete/);
});

test("who looks into a file before anything of it is known sees what is known later", async () => {
  const early = await openPage(browser, service.address);
  const uploader = early.locator("windlass-uploader");
  // A client that knows what this test says, and when.
  await uploader.evaluate((element) => {
    const progress = { confirmed_bytes: 0, sent_bytes: 0, total_bytes: 9, rate_bytes_per_s: null, remaining_ms: null };
    const about = { clientRef: "early", filename: "early.jpg", size: 9, type: "image/jpeg", file: new Blob(["nine byte"]), origin: "here" };
    const known = { state: "preparing", ended: false, reason: null, error: null, preview: null, metadata: null, made: null, progress };
    const warnings = [{ code: "storage_full", message: "There is no room left." }];
    window.upload = { ...about, ...known, warnings, releasePreview: () => {} };
    const client = { endpoint: location.origin, project: "demo", uploads: [window.upload], elsewhere: [], missing: [], progress, warmUp: () => {} };
    element.client = Object.assign(new EventTarget(), client);
  });
  const details = row(early, "early.jpg").locator("details");
  await details.locator("summary").click();
  await details.getByText("None: only the file itself is sent").waitFor();
  await uploader.evaluate(({ client }) => {
    const { upload } = window;
    const picture = { name: "thumb_200", contentType: "image/jpeg", width: 200, height: 150, sizeBytes: 5000 };
    Object.assign(upload, { made: { pictures: [picture], leftOut: [], work: null }, warnings: [...upload.warnings] });
    client.dispatchEvent(Object.assign(new Event("statechange"), { upload }));
  });
  await details.getByText("200 × 150 px").waitFor();
  assert.equal(await details.getByText("None: only the file itself is sent").count(), 0);
  await early.context().close();
});

test("nothing of it is wider than a phone", async () => {
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
});

test("the gallery tells the same of a photo that was stored before", async () => {
  const later = await openPage(browser, service.address);
  await later.locator("windlass-gallery button.tile[aria-label*='photo_12mp']").click();
  const dialog = later.locator("windlass-gallery dialog[open]");
  assert.match(await dialog.innerText(), /Smaller pictures\s+150 × 200, 1440 × 1920 px/);
  await dialog.locator("summary").click();
  const text = await dialog.innerText();
  assert.match(text, /Orientation\s+6: turned right/);
  assert.match(text, /Altitude\s+102\.5 m/);
  assert.deepEqual(later.complaints, []);
});

test("nobody complained in the console", () => {
  assert.deepEqual(page.complaints, []);
});
