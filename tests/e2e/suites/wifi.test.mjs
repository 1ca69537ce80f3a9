/** Originals that wait for Wi-Fi, while the smaller pictures go: where the browser tells which network is in use. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { choose, eventually } from "../harness/browser.mjs";
import { areKept, keptQueue, VARIANTS } from "../harness/kept-queue.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

const world = keptQueue();

/** Chromium tells the kind of network on phones only; here a page that says what a phone's would. */
function pretendNetwork(page) {
  return page.addInitScript(() => {
    const network = new EventTarget();
    network.type = sessionStorage.getItem("network") ?? "cellular";
    Object.defineProperty(Navigator.prototype, "connection", { get: () => network });
    window.changeNetwork = (type) => {
      network.type = type;
      sessionStorage.setItem("network", type);
      network.dispatchEvent(new Event("change"));
    };
  });
}

test("on the phone's own network the previews go and the originals wait, also after a reload; on Wi-Fi they go", async () => {
  const { gate, profile, service } = world;
  const photos = await world.photos(3, "wifi");
  const page = await profile.open(service.address);
  await pretendNetwork(page);
  await page.goto(service.address);
  const wait = () => page.locator("windlass-uploader").evaluate((element) => element.setAttribute("originals", "on-wifi"));
  await wait();
  await choose(page, ...photos);
  const said = (list) => list.length === 3 && list.every(({ state, words }) => state === "waiting_for_wifi" && /original waits for Wi-Fi/.test(words));
  await eventually("the rows say so", () => rows(page), said);
  assert.equal(gate.bytesTo("/original"), 0);
  assert.equal(gate.stored.filter((put) => /thumb_200|web_1920/.test(put)).length, 6);
  await areKept(page, 3);

  await page.evaluate(() => sessionStorage.setItem("network", "cellular"));
  await page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () => document.querySelector("windlass-uploader").setAttribute("originals", "on-wifi"));
  });
  await page.reload();
  await eventually("they wait again", () => rows(page), said);
  assert.equal(gate.bytesTo("/original"), 0);

  await page.evaluate(() => globalThis.changeNetwork("wifi"));
  await allRows(page, ["stored"], 60_000);
  await world.assertStored(photos, VARIANTS);
});

test("what waits goes at once when the application says so, and at once where the browser tells nothing", async () => {
  const { profile, service } = world;
  const [photo] = await world.photos(1, "policy");
  const page = await profile.open(service.address);
  await pretendNetwork(page);
  await page.goto(service.address);
  await page.locator("windlass-uploader").evaluate((element) => element.setAttribute("originals", "on-wifi"));
  await choose(page, photo);
  await eventually("it waits", () => rows(page), ([only]) => only?.state === "waiting_for_wifi");
  await page.evaluate(() => (document.querySelector("windlass-uploader").client.originals = "at-once"));
  await allRows(page, ["stored"], 60_000);

  const silent = await profile.tab(service.address);
  const [other] = await world.photos(1, "untold");
  await silent.locator("windlass-uploader").evaluate((element) => element.setAttribute("originals", "on-wifi"));
  await choose(silent, other);
  await allRows(silent, ["stored"], 60_000);
});
