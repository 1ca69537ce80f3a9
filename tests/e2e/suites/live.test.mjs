/** The gallery shows what others do at once, and finds, captions and labels photos. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, scratchFolder, variation } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { problem } from "../harness/fault-proxy.mjs";
import { Gallery } from "../harness/gallery.mjs";
import { Service } from "../harness/service.mjs";
import { allRows } from "../harness/uploader.mjs";

let service;
let browser;
let folder;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  folder = scratchFolder();
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

async function watching() {
  const page = await openPage(browser, service.address);
  const gallery = new Gallery(page);
  await gallery.isLive();
  return gallery;
}

/** Stores a photo beside the browser, and says which. */
async function store(filename, seed) {
  return service.store(await variation(fixture("photo_2mp_o1.jpg"), join(folder, filename), seed));
}

test("what somebody else stores, marks and deletes is shown at once", async () => {
  const gallery = await watching();
  const { page } = gallery;
  const token = service.token({ scope: "pipeline" });
  const photo = await store("others.jpg", 21);
  const stored = Date.now();
  await gallery.hears("it appears", gallery.names, (list) => list.includes("others.jpg"));
  await gallery.node.locator("img.loaded").first().waitFor();
  console.log(`shown after ${Date.now() - stored} ms, with its picture`);
  for (const body of [{ status: "processing" }, { status: "failed", reason: "too dark" }]) {
    assert.equal((await service.api(`/photos/${photo.photo_id}/status`, { method: "PATCH", body, token })).status, 200);
  }
  await gallery.hears("it is marked", () => gallery.node.locator("button.tile.warned").count(), (count) => count === 1);
  await gallery.node.locator("button.tile").first().click();
  await page.getByText("too dark").waitFor();
  assert.equal((await service.api(`/photos/${photo.photo_id}`, { method: "DELETE" })).status, 204);
  await gallery.hears("it is gone", gallery.names, (list) => !list.includes("others.jpg"));
  await gallery.dialog.waitFor({ state: "detached" });
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a photo that is found to be dangerous while somebody looks at it is taken away from them, with the reason", async () => {
  const gallery = await watching();
  const { page } = gallery;
  const photo = await store("dangerous.jpg", 22);
  await gallery.node.locator("img.loaded").first().waitFor();
  await page.getByRole("button", { name: /^Open dangerous/ }).click();
  await gallery.dialog.getByRole("link", { name: "Open original" }).waitFor();
  const body = { status: "quarantined", reason: "Eicar-Test-Signature" };
  const { status } = await service.api(`/photos/${photo.photo_id}/status`, { method: "PATCH", body, token: service.token({ scope: "pipeline" }) });
  assert.equal(status, 200);
  const { dialog } = gallery;
  await dialog.getByText("This file was found to be dangerous. Nobody can open it.").waitFor();
  await dialog.getByText("Locked: the file is dangerous (Eicar-Test-Signature)").waitFor();
  assert.equal(await dialog.locator("img, video").count(), 0);
  assert.equal(await dialog.getByRole("link", { name: "Open original" }).count(), 0, "nothing leads to it");
  await page.keyboard.press("Escape");
  const tile = page.getByRole("button", { name: /^Open dangerous.*Locked: the file is dangerous \(Eicar/ });
  await tile.waitFor();
  assert.equal(await tile.locator("img").count(), 0);
  await page.getByRole("combobox", { name: "Status" }).selectOption("quarantined");
  await eventually("by status", gallery.names, (list) => list.join() === "dangerous.jpg");
  assert.equal((await service.api(`/photos/${photo.photo_id}`, { method: "DELETE" })).status, 204);
  await eventually("it is gone", gallery.names, (list) => list.length === 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

for (const outcome of ["with what was so before", "with nothing"]) {
  test(`a photo that is found to be dangerous while its address is renewed stays locked, also where that ends ${outcome}`, async () => {
    const gallery = await watching();
    const { page } = gallery;
    const photo = await store(`renewed ${outcome}.jpg`, 27);
    await page.getByRole("button", { name: /^Open renewed/ }).click();
    const { dialog } = gallery;
    await dialog.locator("img").waitFor();
    let [isAsked, answer] = [];
    const asked = new Promise((resolve) => (isAsked = resolve));
    const answered = new Promise((resolve) => (answer = resolve));
    // Once: what the stream tells is looked up as ever.
    const renewal = (url) => url.pathname.endsWith(`/photos/${photo.photo_id}`);
    await page.route(
      renewal,
      async (route) => {
        const before = await route.fetch();
        isAsked();
        await answered;
        await (outcome === "with nothing" ? route.abort() : route.fulfill({ response: before }));
      },
      { times: 1 },
    );
    await dialog.locator("img").dispatchEvent("error");
    await asked;
    const body = { status: "quarantined", reason: "Eicar-Test-Signature" };
    assert.equal((await service.api(`/photos/${photo.photo_id}/status`, { method: "PATCH", body, token: service.token({ scope: "pipeline" }) })).status, 200);
    await dialog.getByText("This file was found to be dangerous. Nobody can open it.").waitFor();
    const over = page.waitForEvent(outcome === "with nothing" ? "requestfailed" : "requestfinished", (request) => renewal(new URL(request.url())));
    answer();
    await over;
    await gallery.painted();
    assert.equal(await dialog.locator("img, video").count(), 0);
    assert.equal(await dialog.getByText("This file was found to be dangerous. Nobody can open it.").count(), 1);
    assert.equal(await dialog.getByRole("link", { name: "Open original" }).count(), 0, "nothing leads to it");
    assert.equal((await service.api(`/photos/${photo.photo_id}`, { method: "DELETE" })).status, 204);
    await page.context().close();
  });
}

test("twenty photos at once all appear, in the order of the list", async () => {
  const gallery = await watching();
  const { page } = gallery;
  const stored = await Promise.all(Array.from({ length: 20 }, (_, n) => store(`batch-${n}.jpg`, 100 + n)));
  await eventually("all appear", gallery.names, (list) => stored.every(({ filename }) => list.includes(filename)));
  const listed = (await service.photos()).map(({ filename }) => filename);
  assert.deepEqual(await gallery.names(), listed);
  for (const { photo_id } of stored) await service.api(`/photos/${photo_id}`, { method: "DELETE" });
  await eventually("all are gone", gallery.names, (list) => list.length === 0);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("caption and labels are written once, seen by others, and found", async () => {
  const [writing, reading] = [await watching(), await watching()];
  const [writer, reader] = [writing.page, reading.page];
  await choose(writer, fixture("photo_2mp_o1.jpg"));
  await allRows(writer, ["stored"]);
  await store("cellar.jpg", 23);
  await eventually("both see both", reading.names, (list) => list.length === 2);
  await eventually("both see both", writing.names, (list) => list.length === 2);

  await writer.getByRole("button", { name: /^Open photo_2mp_o1/ }).click();
  await writer.getByRole("button", { name: "Add caption and labels" }).click();
  await writer.getByRole("textbox", { name: "Caption" }).fill("Türsturz, north side\ncracked");
  await writer.getByRole("textbox", { name: /^Labels/ }).fill("Roof leak, <b>bold</b>, roof LEAK");
  await writer.keyboard.press("ArrowLeft");
  assert.equal(await writing.dialog.locator("textarea").count(), 1, "arrows stay in the field");
  await writer.getByRole("button", { name: "Save" }).click();
  await writer.getByText("Türsturz, north side").waitFor();

  await reader.getByRole("button", { name: /^Open photo_2mp_o1/ }).click();
  await reader.getByText("Türsturz, north side").waitFor();
  const labels = reading.dialog.locator(".tag");
  assert.deepEqual(await labels.allTextContents(), ["Roof leak", "<b>bold</b>"]);
  await labels.first().click();
  await eventually("the label finds it", reading.names, (list) => list.length === 1 && list[0] === "photo_2mp_o1.jpg");
  const select = reader.getByRole("combobox", { name: "Label" });
  assert.equal(await select.inputValue(), "Roof leak");

  await store("hidden-by-filter.jpg", 24);
  await store("tursturz second.jpg", 25);
  const search = reader.getByRole("searchbox");
  await select.selectOption("");
  await search.fill("tursturz");
  await eventually("words find it without accents", reading.names, (list) => list.length === 2);
  await store("tursturz third.jpg", 26);
  await reading.hears("a new one that passes appears", reading.names, (list) => list.length === 3);
  await search.fill("nothing like it");
  await reader.getByText("Nothing found").waitFor();
  await reader.getByRole("button", { name: "Clear the search" }).click();
  await eventually("all are back", reading.names, (list) => list.length === 5);
  await reader.getByRole("combobox", { name: "Kind" }).selectOption("video");
  await reader.getByText("Nothing found").waitFor();
  await reader.getByRole("combobox", { name: "Kind" }).selectOption("");
  await reader.getByRole("combobox", { name: "Status" }).selectOption("uploaded");
  await eventually("by status", reading.names, (list) => list.length === 5);
  assert.deepEqual([...writer.complaints, ...reader.complaints], []);
  await Promise.all([writer.context().close(), reader.context().close()]);
});

test("a refused caption says why and loses nothing", async () => {
  const gallery = await watching();
  const { page } = gallery;
  await gallery.node.locator("button.tile").first().click();
  await gallery.dialog.locator("button.edit").click();
  await page.getByRole("textbox", { name: /^Labels/ }).fill("x".repeat(51));
  await page.getByRole("button", { name: "Save" }).click();
  const problem = gallery.dialog.locator("form [role=alert]");
  await eventually("it says why", () => problem.textContent(), (text) => text.includes("50"));
  assert.equal(await page.getByRole("textbox", { name: /^Labels/ }).inputValue(), "x".repeat(51));
  await page.getByRole("button", { name: "Cancel" }).click();
  await gallery.dialog.locator("button.edit").waitFor();
  await page.context().close();
});

test("a gallery whose session has ended says so, and goes on when somebody has signed in again", async () => {
  const gallery = await watching();
  const { page } = gallery;
  const { status, headers, body } = problem(401, "unauthorized", "The session has ended.");
  await page.route("**/api/v1/**", (route) => route.fulfill({ status, headers, body }));
  const askForAnotherStream = () => page.evaluate(() => dispatchEvent(new Event("online")));
  await askForAnotherStream();
  const again = gallery.node.getByRole("button", { name: "Try again" });
  await again.waitFor();
  await page.unroute("**/api/v1/**");
  await again.click();
  await again.waitFor({ state: "detached" });
  await askForAnotherStream();
  await gallery.isLive();
  await page.context().close();
});

test("no ticket is written to the service's log", async () => {
  const tickets = [];
  const watched = await browser.newContext();
  const tab = await watched.newPage();
  tab.on("request", (request) => {
    const ticket = new URL(request.url()).searchParams.get("ticket");
    if (ticket) tickets.push(ticket);
  });
  await tab.goto(service.address);
  await new Gallery(tab).isLive();
  assert.ok(tickets.length > 0);
  for (const ticket of tickets) assert.ok(!service.log.includes(ticket));
  await watched.close();
});
