/** A photo is seen before its original is there: in everybody's gallery, marked as such, until it is there or given up. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { fixture, scratchFolder, sha256OfFile, sha256OfUrl, variation } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage, PHONE } from "../harness/browser.mjs";
import { Gallery } from "../harness/gallery.mjs";
import { Gate } from "../harness/gate.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, discard } from "../harness/uploader.mjs";

/** Originals, whole or in pieces: a line that does not move is soon taken for a weak one. */
const ORIGINALS = /\/original|windlass-staging\//;
/** Until everything has to be there, on a busy machine. */
const PATIENCE_MS = 90_000;
let service;
let browser;
let gate;
let folder;

before(async () => {
  folder = scratchFolder();
  gate = await Gate.open();
  [service, browser] = await Promise.all([
    Service.start({ env: { WINDLASS_STORE_PUBLIC_URL: gate.address } }),
    launch(),
  ]);
  gate.leadTo(service.storePort);
});
after(async () => {
  await browser?.close();
  await service?.stop();
  gate?.close();
});
beforeEach(() => {
  gate.held = ORIGINALS;
});

const photos = (...names) =>
  Promise.all(names.map((name) => variation(fixture("photo_12mp_o6.jpg"), join(folder, `${name}.jpg`), name)));

/** The tiles of the gallery: whether the picture is there, what the badge and the accessible name say. */
const tiles = (page) =>
  page.locator("windlass-gallery button.tile").evaluateAll((buttons) =>
    buttons.map((button) => ({
      name: button.getAttribute("aria-label"),
      isShown: button.querySelector("img.loaded") !== null,
      badge: button.querySelector(".arriving:not([hidden])")?.textContent ?? "",
    })),
  );

/** A page that watches: an office's. */
async function watching(options) {
  const page = await openPage(browser, service.address, options);
  await new Gallery(page).isLive();
  return page;
}

const areArriving = (page, count) =>
  eventually(
    `${count} photos are on their way`,
    () => tiles(page),
    (list) =>
      list.length === count && list.every(({ isShown, badge, name }) => isShown && badge === "Original on its way" && name.endsWith(badge)),
    PATIENCE_MS,
  );

test("pictures of photos whose originals are held are shown at once, and the originals when they are there", async () => {
  const [crew, office] = [await openPage(browser, service.address, { viewport: PHONE }), await watching()];
  const files = await photos("north", "south");
  await choose(crew, ...files);
  await areArriving(office, 2);
  await areArriving(crew, 2);
  assert.deepEqual(await service.photos(), [], "who does not ask for it sees nothing without its original");

  // Who comes now sees the same.
  await office.reload({ waitUntil: "commit" });
  await areArriving(office, 2);

  await office.getByRole("button", { name: /^Open north\.jpg/ }).click();
  const dialog = office.locator("windlass-gallery dialog[open]");
  await dialog.getByRole("status").getByText("The original is on its way").waitFor();
  const width = () => dialog.locator(".stage img").evaluate((image) => image.naturalHeight);
  await eventually("the larger picture is shown once it is there", width, (pixels) => pixels === 1920, PATIENCE_MS);
  assert.equal(await dialog.getByRole("link", { name: "Open original" }).count(), 0);
  assert.equal(await dialog.getByText("Delete").count(), 0);

  gate.held = null;
  await dialog.getByRole("link", { name: "Open original" }).waitFor({ timeout: PATIENCE_MS });
  await dialog.getByRole("status").getByText("The original is here").waitFor();
  await allRows(crew, ["stored"], PATIENCE_MS);
  for (const page of [office, crew]) {
    const isOver = (list) => list.length === 2 && list.every(({ isShown, badge, name }) => isShown && badge === "" && !/way/.test(name));
    await eventually("the badges are gone", () => tiles(page), isOver);
  }
  for (const file of files) {
    const stored = (await service.photos()).find(({ filename }) => file.endsWith(`/${filename}`));
    assert.equal(await sha256OfUrl(stored.url), await sha256OfFile(file));
    assert.deepEqual(Object.keys(stored.variants).sort(), ["thumb_200", "web_1920"]);
    await service.api(`/photos/${stored.photo_id}`, { method: "DELETE" });
  }
  await eventually("all is gone", () => tiles(office), (list) => list.length === 0);
  assert.deepEqual(office.complaints, []);
  await Promise.all([crew.context().close(), office.context().close()]);
});

test("a photo that turns out to be dangerous as it arrives is locked for who looks at it, and not said to be here", async () => {
  const [crew, office] = [await openPage(browser, service.address), await watching()];
  await choose(crew, ...(await photos("dangerous")));
  await areArriving(office, 1);
  await office.locator("windlass-gallery button.tile").click();
  const dialog = office.locator("windlass-gallery dialog[open]");
  await dialog.getByRole("status").getByText("The original is on its way").waitFor();
  // The office hears of both at once.
  await office.context().setOffline(true);
  gate.held = null;
  await allRows(crew, ["stored"], PATIENCE_MS);
  const [photo] = await service.photos();
  const body = { status: "quarantined", reason: "Eicar-Test-Signature" };
  const { status } = await service.api(`/photos/${photo.photo_id}/status`, { method: "PATCH", body, token: service.token({ scope: "pipeline" }) });
  assert.equal(status, 200);
  await office.context().setOffline(false);
  await dialog.getByText("This file was found to be dangerous. Nobody can open it.").waitFor();
  assert.equal(await dialog.getByRole("status").textContent(), "", "nothing of it is here for anybody");
  assert.equal(await dialog.locator("img, video").count(), 0);
  assert.equal(await dialog.getByRole("link", { name: "Open original" }).count(), 0);
  assert.equal((await service.api(`/photos/${photo.photo_id}`, { method: "DELETE" })).status, 204);
  await eventually("it is gone", () => tiles(office), (list) => list.length === 0);
  await Promise.all([crew.context().close(), office.context().close()]);
});

test("a photo that is given up is gone from every gallery, also where somebody is looking at it", async () => {
  const [crew, office] = [await openPage(browser, service.address), await watching()];
  await choose(crew, ...(await photos("given up")));
  await areArriving(office, 1);
  await office.locator("windlass-gallery button.tile").click();
  await office.locator("windlass-gallery dialog[open]").waitFor();
  await discard(crew, "Cancel given up.jpg");
  for (const page of [office, crew]) {
    await eventually("it is gone", () => tiles(page), (list) => list.length === 0);
  }
  await office.locator("windlass-gallery dialog[open]").waitFor({ state: "detached" });
  const { json } = await service.api("/photos?project_id=demo&arriving=true");
  assert.deepEqual(json.photos, []);
  assert.deepEqual(office.complaints, []);
  await Promise.all([crew.context().close(), office.context().close()]);
});
