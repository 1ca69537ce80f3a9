/** The package in a site that webpack bundles: its workers and WebAssembly are found, and photos arrive. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fixture, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { launch, listen } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, picturesShown } from "../harness/uploader.mjs";
import { serveBundle } from "../harness/webpack.mjs";

let site;
let service;
let browser;

before(async () => {
  site = await serveBundle();
  [service, browser] = await Promise.all([
    Service.start({ env: { WINDLASS_ALLOWED_ORIGINS: new URL(site.address).origin } }),
    launch(),
  ]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
  await site?.stop();
});

test("webpack bundles the package by its defaults, and a photo is stored, resized and shown", async () => {
  assert.deepEqual(site.complaints, []);
  const page = listen(await (await browser.newContext()).newPage());
  await page.goto(site.address);
  const project = "bundled";
  const wanted = { endpoint: service.address, project, token: service.token({ project }) };
  await page.evaluate((wanted) => window.start(wanted), wanted);
  const path = fixture("photo_12mp_o6.jpg");
  await page.locator("windlass-uploader input[type=file]").first().setInputFiles([path]);
  await allRows(page, ["stored"]);
  await picturesShown(page, 1);
  const [photo] = await service.photos(project);
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(path));
  assert.notDeepEqual(photo.variants, {});
  assert.deepEqual(page.complaints, []);
});
