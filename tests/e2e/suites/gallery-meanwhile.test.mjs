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

test("whoever asked to delete and then presses something else is asked again, also where a press moves no focus, as in Safari", async () => {
  await store("one.jpg");
  await gallery.open("one.jpg");
  const button = gallery.dialog.locator("button.danger");
  await button.click();
  await button.dispatchEvent("pointerdown");
  assert.equal(await button.textContent(), "Delete for good?");
  await gallery.dialog.locator("h2").dispatchEvent("pointerdown");
  assert.deepEqual([await button.textContent(), await gallery.focused()], ["Delete", "Delete"]);
});

test("where a photo goes, the keyboard that was on it goes to the one beside it, whoever deleted it", async () => {
  const [, second] = await store("one.jpg", "two.jpg", "three.jpg", "four.jpg");
  await gallery.open("one.jpg");
  await remove();
  await eventually("it is on the next", gallery.focused, (name) => name?.startsWith("Open two.jpg"));
  assert.equal(await gallery.node.locator(".late").textContent(), "", "who deleted it knows");
  await service.api(`/photos/${second.photo_id}`, { method: "DELETE" });
  await eventually("it is on the next", gallery.focused, (name) => name?.startsWith("Open three.jpg"));
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowRight");
  assert.equal(await gallery.title(), "four.jpg");
  await remove();
  await eventually("it is on the one before the last", gallery.focused, (name) => name?.startsWith("Open three.jpg"));
});

test("that somebody else has deleted the open photo is said, and what was written about it stays to be copied", async () => {
  const [first, second] = await store("one.jpg", "two.jpg", "three.jpg");
  await gallery.open("one.jpg");
  await service.api(`/photos/${first.photo_id}`, { method: "DELETE" });
  await gallery.dialog.waitFor({ state: "detached" });
  assert.equal(await gallery.node.getByRole("alert").textContent(), "“one.jpg” was removed meanwhile.");
  await gallery.open("two.jpg");
  await gallery.edit("north side");
  await service.api(`/photos/${second.photo_id}`, { method: "DELETE" });
  await gallery.dialog.getByText("“two.jpg” was removed meanwhile. What you have written cannot be saved any more, only copied.").waitFor();
  assert.deepEqual([await gallery.title(), await gallery.caption.inputValue()], ["two.jpg", "north side"]);
  assert.equal(await page.getByRole("button", { name: "Save" }).getAttribute("aria-disabled"), "true");
  assert.equal(await gallery.dialog.getByRole("button", { name: "Delete" }).count(), 0);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Discard changes?" }).click();
  assert.equal(await gallery.dialog.locator("button.edit").count(), 0);
  assert.equal(await gallery.dialog.locator(":focus").count(), 1, "the keyboard stays in the dialog");
  await page.keyboard.press("Escape");
  await eventually("it is on the next", gallery.focused, (name) => name?.startsWith("Open three.jpg"));
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

test("an open photo that was deleted without a word, as where no stream gets through, is left at the next look", async () => {
  await gallery.node.evaluate((element) => (element.live = "off"));
  const [first] = await Promise.all(["one.jpg", "two.jpg"].map(async (name) => service.store(await variation(fixture("photo_2mp_o1.jpg"), join(folder, name), name))));
  await gallery.node.evaluate((element) => element.refresh());
  await gallery.open("one.jpg");
  await service.api(`/photos/${first.photo_id}`, { method: "DELETE" });
  await gallery.node.evaluate((element) => element.refresh());
  assert.equal(await gallery.dialog.count(), 0);
  assert.equal(await gallery.node.getByRole("alert").textContent(), "“one.jpg” was removed meanwhile.");
  assert.match(await gallery.focused(), /^Open two\.jpg/);
  page.complaints = page.complaints.filter((complaint) => !complaint.includes("404"));
});

test("Next goes on past the photos that are loaded, and says why it cannot", async () => {
  await store("one.jpg", "two.jpg", "three.jpg");
  await gallery.node.evaluate((element) => (element.pageSize = 2));
  await eventually("two are loaded", gallery.names, (list) => list.join() === "one.jpg,two.jpg");
  await gallery.open("two.jpg");
  const isNextPage = ({ searchParams }) => searchParams.has("cursor");
  const { status, headers, body } = problem(403, "forbidden", "Not for you.");
  await page.route(isNextPage, (route) => route.fulfill({ status, headers, body }));
  await page.keyboard.press("ArrowRight");
  await gallery.dialog.getByText("Not for you.").waitFor();
  assert.equal(await gallery.title(), "two.jpg");
  await page.unroute(isNextPage);
  await page.getByRole("button", { name: "Next photo" }).click();
  await eventually("the next one is open", gallery.title, (title) => title === "three.jpg");
  assert.equal(await page.getByRole("button", { name: "Next photo" }).getAttribute("aria-disabled"), "true");
  page.complaints = page.complaints.filter((complaint) => !complaint.includes("403"));
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

test("who edits the caption leaves the labels that somebody else has added meanwhile, and the other way round", async () => {
  const [photo] = await store("one.jpg");
  const say = (body) => service.api(`/photos/${photo.photo_id}`, { method: "PATCH", body });
  await gallery.open("one.jpg");
  await gallery.edit("north side");
  await say({ tags: ["roof"] });
  await page.getByRole("button", { name: "Save" }).click();
  await gallery.dialog.getByRole("button", { name: "roof" }).waitFor();
  await gallery.edit();
  await page.getByRole("textbox", { name: /^Labels/ }).fill("roof, north");
  await say({ caption: "south side" });
  await page.getByRole("button", { name: "Save" }).click();
  await gallery.dialog.getByText("south side").waitFor();
  assert.deepEqual(await gallery.dialog.locator(".tag").allTextContents(), ["roof", "north"]);
});

test("nobody writes on in what is being saved, where it would be lost; what could not be saved is written on", async () => {
  await store("one.jpg");
  const { status, headers, body } = problem(503, "store_unavailable", "The store does not answer.");
  let refuse;
  const isRefused = new Promise((resolve) => (refuse = resolve));
  await page.route(isOnePhoto, async (route) => {
    if (route.request().method() !== "PATCH") return route.continue();
    await isRefused;
    await route.fulfill({ status, headers, body });
  });
  await gallery.open("one.jpg");
  await gallery.edit("north side");
  await page.getByRole("button", { name: "Save" }).click();
  await gallery.caption.press("x");
  assert.equal(await gallery.caption.inputValue(), "north side");
  refuse();
  await gallery.dialog.getByText("The store does not answer.").waitFor();
  await gallery.caption.press("x");
  assert.notEqual(await gallery.caption.inputValue(), "north side");
  page.complaints = page.complaints.filter((complaint) => !complaint.includes("503"));
});

test("who cancels sees the caption that somebody else has written meanwhile, and edits that one next", async () => {
  const [photo] = await store("one.jpg");
  await gallery.open("one.jpg");
  await gallery.edit();
  await service.api(`/photos/${photo.photo_id}`, { method: "PATCH", body: { caption: "south side" } });
  await eventually("the gallery has heard of it", () => gallery.node.evaluate(({ photos }) => photos[0].caption), (caption) => caption === "south side");
  await page.getByRole("button", { name: "Cancel" }).click();
  assert.equal(await gallery.dialog.locator(".caption-text").textContent(), "south side");
  await gallery.edit();
  assert.equal(await gallery.caption.inputValue(), "south side");
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

test("an original whose address has ended while the page was open is opened by a fresh one", async () => {
  const ended = (photo) => ({ ...photo, url: `${photo.url}#ended`, url_expires_at: "2026-01-01T00:00:00Z" });
  await page.route(/\/photos\?/, async (route) => {
    const response = await route.fetch();
    const { photos, ...rest } = await response.json();
    await route.fulfill({ response, json: { ...rest, photos: photos.map(ended) } });
  });
  await store("one.jpg");
  await gallery.node.evaluate((element) => element.refresh());
  await gallery.open("one.jpg");
  const link = gallery.dialog.getByRole("link", { name: "Open original" });
  assert.match(await link.getAttribute("href"), /#ended/);
  const opened = page.context().waitForEvent("page");
  await link.focus();
  await page.keyboard.press("Enter");
  const tab = await opened;
  await eventually("it is open", () => tab.url(), (url) => url.startsWith(service.storeAddress));
  assert.doesNotMatch(tab.url(), /#ended/);
  assert.deepEqual([await gallery.focused(), await link.getAttribute("href")], ["Open original", tab.url()]);
});

test("where a photo leaves the list for a filter, the keyboard that was on it goes to the one beside it", async () => {
  const photos = await store("one.jpg", "two.jpg", "three.jpg");
  const label = ({ photo_id }, tags) => service.api(`/photos/${photo_id}`, { method: "PATCH", body: { tags } });
  for (const photo of photos) await label(photo, ["roof"]);
  await gallery.node.evaluate((element) => (element.filter = { label: "roof" }));
  await eventually("all have the label", gallery.names, ({ length }) => length === 3);
  await page.getByRole("button", { name: "Open two.jpg" }).focus();
  await label(photos[1], []);
  await eventually("it is on the next", gallery.focused, (name) => name?.startsWith("Open three.jpg"));
});

test("from a photo that has left the list one goes on to those that were beside it", async () => {
  const photos = await store("one.jpg", "two.jpg", "three.jpg", "four.jpg");
  for (const { photo_id } of photos) await service.api(`/photos/${photo_id}`, { method: "PATCH", body: { tags: ["roof"] } });
  await gallery.node.evaluate((element) => (element.filter = { label: "roof" }));
  await eventually("all have the label", gallery.names, ({ length }) => length === 4);
  await gallery.open("two.jpg");
  await gallery.edit();
  await page.getByRole("textbox", { name: /^Labels/ }).fill("north");
  await page.getByRole("button", { name: "Save" }).click();
  await eventually("it is not listed any more", gallery.names, (list) => list.join() === "one.jpg,three.jpg,four.jpg");
  await page.getByRole("button", { name: "Next photo" }).click();
  assert.equal(await gallery.title(), "three.jpg");

  const next = page.getByRole("button", { name: "Next photo" });
  assert.equal(await next.getAttribute("aria-disabled"), "false");
  await service.api(`/photos/${photos[3].photo_id}`, { method: "DELETE" });
  await eventually("there is no next one", () => next.getAttribute("aria-disabled"), (isOff) => isOff === "true");
  await service.api(`/photos/${photos[2].photo_id}`, { method: "PATCH", body: { tags: [] } });
  await eventually("only the first is listed", gallery.names, (list) => list.join() === "one.jpg");
  await page.keyboard.press("Escape");
  await eventually("the keyboard is beside where it was", gallery.focused, (name) => name?.startsWith("Open one.jpg"));
});
