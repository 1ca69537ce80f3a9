/** Originals that wait for Wi-Fi, while the smaller pictures go: where the browser tells which network is in use. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Bucket } from "../harness/bucket.mjs";
import { choose, eventually } from "../harness/browser.mjs";
import { keptFiles } from "../harness/kept.mjs";
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

/** The page as it would be written for originals that wait: the uploader has the attribute from its beginning. */
function waitingPage(page) {
  return page.route(`${world.service.address}/`, async (route) => {
    const answer = await route.fetch();
    const html = (await answer.text()).replace("<windlass-uploader", '$& originals="on-wifi"');
    await route.fulfill({ response: answer, body: html });
  });
}

/** On the phone's own network. */
const onThePhone = async (page) => {
  await pretendNetwork(page);
  await waitingPage(page);
};

const uploader = (page) => page.locator("windlass-uploader");
const wait = ({ state, words }) => state === "waiting_for_wifi" && /original waits for Wi-Fi/.test(words);
const allWait = (page, count) =>
  eventually("the rows say so", () => rows(page), (list) => list.length === count && list.every(wait));

test("on the phone's own network the previews go and the originals wait, also after a reload; on Wi-Fi they go", async () => {
  const { gate, profile, service } = world;
  const photos = await world.photos(3, "wifi");
  const page = await profile.open(service.address, { prepare: onThePhone });
  await choose(page, ...photos);
  await allWait(page, 3);
  assert.equal(gate.bytesTo("/original"), 0);
  assert.equal(gate.stored.filter((put) => /thumb_200|web_1920/.test(put)).length, 6);
  await areKept(page, 3);

  await page.reload();
  await allWait(page, 3);
  assert.equal(gate.bytesTo("/original"), 0);

  await page.evaluate(() => globalThis.changeNetwork("wifi"));
  await allRows(page, ["stored"], 120_000);
  await world.assertStored(photos, VARIANTS);
});

test("what waits goes at once when the application says so, and at once where the browser tells nothing", async () => {
  const { profile, service } = world;
  const [photo] = await world.photos(1, "policy");
  const page = await profile.open(service.address, { prepare: onThePhone });
  await choose(page, photo);
  await allWait(page, 1);
  const refused = await uploader(page).evaluate(({ client }) => {
    try {
      client.originals = "on-wlan";
      return null;
    } catch ({ code, message }) {
      return `${code}: ${message} ${client.originals}`;
    }
  });
  assert.match(refused, /^invalid_options: originals: “on-wlan” .* on-wifi$/);
  await uploader(page).evaluate(({ client }) => (client.originals = "at-once"));
  await allRows(page, ["stored"], 120_000);

  const silent = await profile.tab(service.address, { prepare: waitingPage });
  const [other] = await world.photos(1, "untold");
  await choose(silent, other);
  await allRows(silent, ["stored"], 120_000);
});

test("the attribute holds for what waits already, and what the element offers changes without another client", async () => {
  const { profile, service } = world;
  const [photo, later] = await world.photos(2, "attribute");
  const page = await profile.open(service.address, { prepare: onThePhone });
  await choose(page, photo);
  await allWait(page, 1);
  await uploader(page).evaluate((element) => {
    globalThis.first = element.client;
    element.accept = "image/*,.pdf";
    element.multiple = false;
    element.setAttribute("capture", "user");
  });
  const inputs = await page.locator("windlass-uploader input").evaluateAll((all) => all.map(({ accept, multiple }) => [accept, multiple]));
  assert.deepEqual(inputs[0], ["image/*,.pdf", false]);
  await uploader(page).evaluate((element) => element.removeAttribute("originals"));
  await allRows(page, ["stored"], 120_000);

  await uploader(page).evaluate((element) => element.setAttribute("originals", "on-wifi"));
  await choose(page, later);
  await eventually("the next one waits", () => rows(page), (list) => list.length === 2 && list.filter(wait).length === 1);
  assert.ok(await uploader(page).evaluate((element) => element.client === globalThis.first), "all with one client");
  await page.evaluate(() => globalThis.changeNetwork("wifi"));
  await allRows(page, ["stored"], 120_000);
  await world.assertStored([photo, later], VARIANTS);
});

test("a service worker sends the previews of closed pages, and leaves the originals to Wi-Fi", async () => {
  const { gate, profile, service } = world;
  const photos = await world.photos(2, "wifi in the background");
  const bucket = new Bucket(service);
  const objects = async (name) => (await bucket.objects()).filter(({ key }) => name.test(key)).length;
  const [previews, originals] = [await objects(/thumb_200|web_1920/), await objects(/\/original/)];
  const page = await profile.open(service.address, { prepare: pretendNetwork, serviceWorkers: "allow" });
  gate.bytesPerSecond = 0;
  await choose(page, ...photos);
  await areKept(page, 2);
  await eventually("both are prepared", () => keptFiles(page), ({ prepared }) => prepared === 2);
  // What was chosen before is concerned as well.
  await uploader(page).evaluate(({ client }) => (client.originals = "on-wifi"));
  await eventually("that is kept", () => keptFiles(page), ({ text }) => JSON.parse(text).every(({ onWifi }) => onWifi));
  await page.evaluate(async () => (await navigator.serviceWorker.ready).active !== null);
  const [worker] = await eventually("the worker is seen", () => profile.context.serviceWorkers(), ({ length }) => length > 0);
  await worker.evaluate(() => {
    const network = Object.assign(new EventTarget(), { type: "cellular" });
    Object.defineProperty(navigator, "connection", { get: () => network });
  });
  const other = await profile.context.newPage();
  await other.goto(`${service.address}/icon.svg`);
  await page.close();
  gate.bytesPerSecond = Infinity;
  // In the bucket: what the page had sent whole is not sent again, and on a busy machine some goes in pieces.
  await eventually("the previews are stored", () => objects(/thumb_200|web_1920/), (count) => count === previews + 4, 120_000);
  // Who sends holds a lock.
  const held = () => other.evaluate(async () => (await navigator.locks.query()).held.length);
  await eventually("the worker has stopped", held, (count) => count === 0, 120_000);
  assert.equal(await objects(/\/original/), originals);
  assert.equal((await keptFiles(other)).whole, 2);

  const again = await profile.tab(service.address);
  await allRows(again, ["stored"], 120_000);
  await world.assertStored(photos, VARIANTS);
});
