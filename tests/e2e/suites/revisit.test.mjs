/** Coming back to a page whose files the browser has kept. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fixture } from "../harness/bytes.mjs";
import { choose, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, picturesShown } from "../harness/uploader.mjs";

let service;
let browser;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

test("on the second visit, with workers out of the cache, a photo is sent as on the first", async () => {
  const page = await openPage(browser, service.address);
  await choose(page, fixture("photo_12mp_o6.jpg"));
  await allRows(page, ["stored"]);
  await page.reload();
  await picturesShown(page, 1);
  await choose(page, fixture("photo_2mp_o1.jpg"));
  await allRows(page, ["stored"]);
  assert.equal((await service.photos()).length, 2);
  assert.deepEqual(page.complaints, []);
});

test("the job drawer sends photos to its own project", async () => {
  const page = await openPage(browser, service.address);
  await page.goto(`${service.address}/job-drawer/`);
  await page.getByRole("button", { name: "Add photo to Yard waste" }).click();
  await choose(page, fixture("photo_2mp_o1.jpg"));
  await allRows(page, ["stored"]);
  await picturesShown(page, 1);
  await page.getByRole("button", { name: "Close" }).click();
  assert.match(await page.locator("#jobs").innerText(), /1 photo added/);
  assert.deepEqual(page.complaints, []);
});
