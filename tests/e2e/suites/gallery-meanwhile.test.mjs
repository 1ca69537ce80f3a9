/** What others, the network and the app do to the gallery while somebody is at it: nothing is deleted, lost or missed by that. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, afterEach, test } from "node:test";

import { fixture, scratchFolder, variation } from "../harness/bytes.mjs";
import { eventually, launch, openPage } from "../harness/browser.mjs";
import { problem } from "../harness/fault-proxy.mjs";
import { Gallery } from "../harness/gallery.mjs";
import { Service } from "../harness/service.mjs";

let service;
let browser;
let folder;
let page;
let gallery;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  folder = scratchFolder();
});
after(async () => {
  await browser?.close();
  await service?.stop();
});
beforeEach(async () => {
  page = await openPage(browser, service.address);
  gallery = new Gallery(page);
  await gallery.isLive();
});
afterEach(async () => {
  assert.deepEqual(page.complaints.splice(0), []);
  await page.context().close();
  for (const { photo_id } of await service.photos()) await service.api(`/photos/${photo_id}`, { method: "DELETE" });
});

/** Stores photos of these names, the first of them last: as they are listed. */
async function store(...filenames) {
  const photos = [];
  for (const filename of filenames.toReversed()) {
    photos.unshift(await service.store(await variation(fixture("photo_2mp_o1.jpg"), join(folder, filename), filename)));
  }
  await eventually("they are shown", gallery.names, (list) => filenames.every((name) => list.includes(name)));
  return photos;
}

const isOnePhoto = ({ pathname }) => /\/api\/v1\/photos\/[^/]+$/.test(pathname);

/** Asks to delete the photo that is shown, and confirms it. */
async function remove() {
  await gallery.dialog.locator("button.danger").focus();
  await page.keyboard.press("Enter");
  assert.equal(await gallery.focused(), "Delete for good?");
  await page.keyboard.press("Enter");
}

/** Holds the answers to deletions until they are released: to `answer`, or with what the service said. */
async function holdDeletions(answer) {
  let release;
  const released = new Promise((resolve) => (release = resolve));
  await page.route(isOnePhoto, async (route) => {
    if (route.request().method() !== "DELETE") return route.continue();
    const said = answer ?? { response: await route.fetch() };
    await released;
    await route.fulfill(said);
  });
  return async () => {
    const over = page.waitForEvent("requestfinished", (request) => request.method() === "DELETE");
    release();
    await over;
    await gallery.painted();
  };
}

test("a double-click on Delete, or its key held down, only asks; the next press deletes", async () => {
  // Where there is room beside the button, it stays under the pointer when it asks.
  await page.setViewportSize({ width: 700, height: 900 });
  await store("one.jpg", "two.jpg", "three.jpg");
  await gallery.open("one.jpg");
  const button = gallery.dialog.locator("button.danger");
  await button.dblclick();
  assert.deepEqual([await gallery.title(), await gallery.focused()], ["one.jpg", "Delete for good?"]);
  await page.keyboard.press("Enter");
  await gallery.dialog.waitFor({ state: "detached" });
  await eventually("it is gone", gallery.names, (list) => list.join() === "two.jpg,three.jpg");

  await gallery.open("two.jpg");
  await button.focus();
  for (let repeat = 0; repeat < 3; repeat += 1) await page.keyboard.down("Enter");
  await page.keyboard.up("Enter");
  assert.deepEqual([await gallery.title(), await gallery.focused()], ["two.jpg", "Delete for good?"]);
  await page.keyboard.press("Enter");
  await eventually("it is gone", gallery.names, (list) => list.join() === "three.jpg");
});

test("where a photo goes, the keyboard that was on it goes to the one beside it, whoever deleted it", async () => {
  const [, second] = await store("one.jpg", "two.jpg", "three.jpg", "four.jpg");
  await gallery.open("one.jpg");
  await remove();
  await eventually("it is on the next", gallery.focused, (name) => name?.startsWith("Open two.jpg"));
  await service.api(`/photos/${second.photo_id}`, { method: "DELETE" });
  await eventually("it is on the next", gallery.focused, (name) => name?.startsWith("Open three.jpg"));
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  assert.equal(await gallery.title(), "four.jpg");
  await remove();
  await eventually("it is on the one before the last", gallery.focused, (name) => name?.startsWith("Open three.jpg"));
});

test("a deletion that is answered late closes no other photo, whose caption is being written", async () => {
  await store("one.jpg", "two.jpg");
  const release = await holdDeletions();
  await gallery.open("one.jpg");
  await remove();
  await gallery.dialog.waitFor({ state: "detached" });
  assert.match(await gallery.focused(), /^Open two\.jpg/);
  await gallery.open("two.jpg");
  await gallery.edit("north side");
  await release();
  assert.deepEqual([await gallery.title(), await gallery.caption.inputValue()], ["two.jpg", "north side"]);
});

test("that a photo could not be deleted is said where its reader is by then", async () => {
  await store("one.jpg", "two.jpg");
  const { status, headers, body } = problem(503, "store_unavailable", "The store does not answer.");
  const release = await holdDeletions({ status, headers, body });
  await gallery.open("one.jpg");
  await remove();
  await page.keyboard.press("ArrowRight");
  assert.equal(await gallery.title(), "two.jpg");
  await release();
  const text = "“one.jpg” was not deleted. The store does not answer.";
  assert.equal(await gallery.dialog.getByRole("status").textContent(), text);
  await page.keyboard.press("Escape");
  await gallery.dialog.waitFor({ state: "detached" });
  assert.equal(await gallery.node.getByRole("alert").textContent(), text);
  await gallery.open("one.jpg");
  assert.equal(await gallery.dialog.getByRole("status").textContent(), "");
  page.complaints = page.complaints.filter((complaint) => !complaint.includes("503"));
});

test("what happens to photos replaces nothing in an open dialog that stays as it is", async () => {
  const [photo] = await store("one.jpg");
  await service.api(`/photos/${photo.photo_id}`, { method: "PATCH", body: { caption: "Lintel", tags: ["roof", "north"] } });
  await gallery.open("one.jpg");
  await gallery.dialog.getByRole("button", { name: "north" }).focus();
  assert.equal(await gallery.dialog.locator(".stage img").getAttribute("alt"), "Lintel");
  await gallery.node.evaluate(({ shadowRoot }) => (window.shown = [...shadowRoot.querySelectorAll("dialog dd, dialog .tag, dialog .caption-text")]));
  const asItWas = async () => {
    assert.equal(await gallery.focused(), "north");
    assert.equal(await page.evaluate(() => window.shown.length > 4 && window.shown.every(({ isConnected }) => isConnected)), true);
  };
  await store("two.jpg");
  await asItWas();
  const token = service.token({ scope: "pipeline" });
  await service.api(`/photos/${photo.photo_id}/status`, { method: "PATCH", body: { status: "processing" }, token });
  await gallery.dialog.getByText("Being processed").waitFor();
  await asItWas();
  await service.api(`/photos/${photo.photo_id}`, { method: "PATCH", body: { caption: null } });
  await gallery.dialog.getByText("Lintel").waitFor({ state: "detached" });
  assert.equal(await gallery.dialog.locator(".stage img").getAttribute("alt"), "Photo without a caption");
});

test("a button that has no more to do keeps the keyboard, or hands it on", async () => {
  await store("one.jpg", "two.jpg");
  await gallery.open("two.jpg");
  const previous = page.getByRole("button", { name: "Previous photo" });
  await previous.focus();
  await page.keyboard.press("Enter");
  assert.deepEqual([await gallery.title(), await gallery.focused(), await previous.getAttribute("aria-disabled")], ["one.jpg", "Previous photo", "true"]);
  await page.keyboard.press("Enter");
  assert.equal(await gallery.title(), "one.jpg");
  await page.keyboard.press("Escape");
  await page.getByRole("combobox", { name: "Kind" }).selectOption("photo");
  await page.getByRole("button", { name: "Clear the search" }).press("Enter");
  assert.equal(await gallery.focused(), "Search photos");
});

test("a photo that could not be asked for when it was heard of is asked for again, and is not gone for a proxy's word", async () => {
  let asked = 0;
  await page.route(isOnePhoto, (route) => {
    asked += 1;
    const { status, headers, body } = problem(503, "unavailable", "Too busy.");
    if (asked === 1) return route.fulfill({ status, headers, body });
    if (asked === 2) return route.fulfill({ status: 404, contentType: "text/html", body: "<h1>Not here</h1>" });
    return route.continue();
  });
  await store("late.jpg");
  assert.equal(asked, 3);
  page.complaints = page.complaints.filter((complaint) => !/503|404/.test(complaint));
});

test("words that an app gives at every rendering begin nothing anew, and other words are shown at once", async () => {
  await store("one.jpg");
  await gallery.open("one.jpg");
  await gallery.edit("north side");
  const lists = [];
  page.on("request", (request) => /\/photos\?/.test(request.url()) && lists.push(request.url()));
  const render = (words) =>
    gallery.node.evaluate((element, given) => (element.strings = { error: ({ message }) => message, ...given }), words);
  await render();
  await render();
  assert.equal(await gallery.caption.inputValue(), "north side");
  await render({ search: "Suchen", arriving: "Unterwegs", close: "Schließen" });
  assert.equal(await gallery.caption.inputValue(), "north side");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.keyboard.press("Escape");
  await page.getByRole("searchbox", { name: "Suchen" }).waitFor();
  await gallery.open("one.jpg");
  await gallery.dialog.getByRole("button", { name: "Schließen" }).waitFor();
  assert.deepEqual(lists, []);
});

test("a picture that was not loaded yet is loaded from the address that is fresh by then", async () => {
  await page.route(
    ({ origin }) => origin === service.storeAddress,
    // Until it is renewed nothing is answered.
    (route) => (route.request().url().endsWith("&renewed=1") ? route.continue({ url: route.request().url().replace("&renewed=1", "") }) : undefined),
  );
  await store("far below.jpg");
  await page.route(/\/photos\?/, async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    for (const photo of json.photos) photo.url += "&renewed=1";
    await route.fulfill({ response, json });
  });
  await gallery.node.evaluate((element) => element.refresh());
  await gallery.node.locator("img.loaded").waitFor();
});
