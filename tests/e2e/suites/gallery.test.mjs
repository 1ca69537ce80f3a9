/** The gallery by keyboard, by mouse and aloud: where the focus stays, what is read, and what is not lost. */

import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, afterEach, test } from "node:test";

import { fixture, makeVideo, scratchFolder, variation } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { problem } from "../harness/fault-proxy.mjs";
import { Gallery } from "../harness/gallery.mjs";
import { Service } from "../harness/service.mjs";
import { allRows } from "../harness/uploader.mjs";

/** Where no part of the dialog is, in a window of `DESKTOP`'s size. */
const BESIDE = [8, 450];
let service;
let browser;
let folder;
let page;
let gallery;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  folder = scratchFolder();
  // Listed newest first.
  for (const number of [5, 4, 3, 2, 1]) await store(`photo ${number}.jpg`);
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
});

async function store(filename) {
  return service.store(await variation(fixture("photo_2mp_o1.jpg"), join(folder, filename), filename));
}

/** What a screen reader is told below the photos. */
const said = () => gallery.node.locator(".foot [aria-live]").textContent();

/** As who chose so many a page has it; the button for more has the keyboard. */
async function inPagesOf(size) {
  await gallery.node.evaluate((element, count) => element.setAttribute("page-size", String(count)), size);
  await eventually("the first page is shown", gallery.names, ({ length }) => length === size);
  await gallery.isLive();
  await page.getByRole("button", { name: "Load more" }).focus();
}

test("text that is selected up to the backdrop stays, and a press beside the dialog closes it only where nobody writes", async () => {
  await gallery.open("photo 1.jpg");
  await gallery.edit("cracked lintel");
  const box = await gallery.caption.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(...BESIDE, { steps: 5 });
  await page.mouse.up();
  assert.equal(await gallery.caption.inputValue(), "cracked lintel");
  await page.mouse.click(...BESIDE);
  assert.equal(await gallery.caption.inputValue(), "cracked lintel");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.mouse.click(...BESIDE);
  await gallery.dialog.waitFor({ state: "detached" });
});

test("what was written and not saved is asked about before it goes, whichever way that is", async () => {
  await gallery.open("photo 2.jpg");
  await gallery.edit("north side");
  const isAsked = async (way) => {
    assert.equal(await gallery.focused(), "Discard changes?", way);
    assert.equal(await gallery.caption.inputValue(), "north side", way);
    assert.equal(await gallery.title(), "photo 2.jpg", way);
  };
  await page.keyboard.press("Escape");
  await isAsked("by Escape");
  await gallery.caption.focus();
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await isAsked("by Close");
  await page.getByRole("button", { name: "Next photo" }).click();
  await isAsked("by the next photo");
  await page.getByRole("button", { name: "Discard changes?" }).click();
  assert.equal(await gallery.caption.count(), 0);
  assert.equal(await gallery.focused(), "Add caption and labels");

  await gallery.edit("north side");
  await page.keyboard.press("Escape");
  await isAsked("once more");
  await page.keyboard.press("Escape");
  await gallery.dialog.waitFor({ state: "detached" });

  await gallery.open("photo 2.jpg");
  await gallery.edit();
  await page.keyboard.press("Escape");
  await gallery.dialog.waitFor({ state: "detached" });
});

test("an arrow on a button of the form, too, leaves what is being written", async () => {
  await gallery.open("photo 2.jpg");
  await gallery.edit("south side");
  await page.getByRole("button", { name: "Save" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowLeft");
  assert.deepEqual([await gallery.title(), await gallery.caption.inputValue(), await gallery.focused()], ["photo 2.jpg", "south side", "Save"]);
  await page.keyboard.press("Enter");
  await gallery.dialog.getByText("south side").waitFor();
  assert.equal(await gallery.focused(), "Edit", "the keyboard stays here");
});

test("arrows go from photo to photo, also where the button that had the keyboard is another one then", async () => {
  await gallery.open("photo 3.jpg");
  await gallery.dialog.locator("button.edit").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await gallery.title(), "photo 4.jpg");
  await page.keyboard.press("ArrowRight");
  assert.equal(await gallery.title(), "photo 5.jpg");
  await gallery.dialog.getByRole("link", { name: "Open original" }).focus();
  for (const name of ["photo 4.jpg", "photo 3.jpg"]) {
    await page.keyboard.press("ArrowLeft");
    assert.equal(await gallery.title(), name);
  }
});

test("where people read from right to left the next photo is on the left", async () => {
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  await gallery.open("photo 3.jpg");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await gallery.title(), "photo 4.jpg");
  await page.keyboard.press("ArrowRight");
  assert.equal(await gallery.title(), "photo 3.jpg");
  const [previous, next] = await Promise.all(
    ["Previous photo", "Next photo"].map(async (name) => {
      const button = page.getByRole("button", { name });
      const transform = await button.locator("svg").evaluate((icon) => getComputedStyle(icon).transform);
      return { x: (await button.boundingBox()).x, isMirrored: transform === "matrix(-1, 0, 0, 1, 0, 0)" };
    }),
  );
  assert.ok(next.x < previous.x && next.isMirrored && previous.isMirrored, JSON.stringify({ previous, next }));
});

test("a film tells when and where, and arrows in it are the film's", async () => {
  await choose(page, await makeVideo(join(folder, "walk.mp4"), 20_000));
  await allRows(page, ["stored"]);
  // Its bytes are noise: a film that is never answered stays where it can be wound.
  await page.route((url) => url.origin === service.storeAddress && url.pathname.endsWith(".mp4"), () => {});
  await gallery.open("walk.mp4");
  const facts = await gallery.dialog.innerText();
  assert.match(facts, /(25 July 2018|July 25, 2018).*2:34:23.*\(UTC\+00:00\)/);
  assert.match(facts, /37\.42200, -122\.08400/);
  await page.evaluate(() => addEventListener("keydown", ({ defaultPrevented }) => (window.isTaken = defaultPrevented)));
  await gallery.dialog.locator("video").focus();
  await page.keyboard.press("ArrowRight");
  assert.deepEqual([await gallery.title(), await page.evaluate(() => window.isTaken)], ["walk.mp4", false]);
  await page.getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.deepEqual([await gallery.title(), await page.evaluate(() => window.isTaken)], ["photo 1.jpg", true]);
  const [film] = (await service.photos()).filter(({ filename }) => filename === "walk.mp4");
  assert.equal((await service.api(`/photos/${film.photo_id}`, { method: "DELETE" })).status, 204);
});

test("who loads more by keyboard is on the first photo that came, and is told how many did", async () => {
  await inPagesOf(2);
  await page.keyboard.press("Enter");
  await eventually("it is said", said, (text) => text === "2 more photos");
  assert.match(await gallery.focused(), /^Open photo 3\.jpg/);
  await page.getByRole("button", { name: "Load more" }).focus();
  await page.keyboard.press("Enter");
  await eventually("it is said", said, (text) => text === "1 more photo");
  assert.match(await gallery.focused(), /^Open photo 5\.jpg/);
  assert.equal(await page.getByRole("button", { name: "Load more" }).count(), 0);
});

test("where photos are listed by the time taken, those that come are counted, also when the last one before them goes meanwhile", async () => {
  const takenIn = async (year) => {
    const path = await variation(fixture("photo_2mp_o1.jpg"), join(folder, `of ${year}.jpg`), year);
    await writeFile(path, (await readFile(path)).toString("latin1").replaceAll("2026:05:17", `${year}:05:17`), "latin1");
    return service.store(path);
  };
  // The one that was taken first is the last to be stored.
  const [last, next] = [await takenIn(2020), await takenIn(2019)];
  await gallery.node.evaluate((element) => (element.filter = { taken_from: "2019-01-01" }));
  await inPagesOf(6);
  let release;
  await page.route(/\/photos\?.*cursor=/, async (route) => {
    await new Promise((resolve) => (release = resolve));
    await route.continue();
  });
  await page.keyboard.press("Enter");
  await eventually("more is asked for", () => release !== undefined, Boolean);
  await service.api(`/photos/${last.photo_id}`, { method: "DELETE" });
  await eventually("it is gone", gallery.names, ({ length }) => length === 5);
  release();
  await eventually("it is said", said, (text) => text === "1 more photo");
  assert.match(await gallery.focused(), /^Open of 2019\.jpg/);
  await service.api(`/photos/${next.photo_id}`, { method: "DELETE" });
});

test("what is stored while more is loaded changes nothing about the button, its keyboard and what is read", async () => {
  await inPagesOf(2);
  let release;
  let asked = 0;
  await page.route(/\/photos\?.*cursor=/, async (route) => {
    asked += 1;
    await new Promise((resolve) => (release = resolve));
    await route.continue();
  });
  await gallery.node.evaluate(({ shadowRoot }) => {
    window.button = shadowRoot.activeElement;
    window.changes = 0;
    const region = shadowRoot.querySelector(".foot [aria-live]");
    new MutationObserver(({ length }) => (window.changes += length)).observe(region, { childList: true, subtree: true, characterData: true });
  });
  const others = await store("meanwhile 1.jpg");
  await eventually("it appears", gallery.names, (list) => list.includes("meanwhile 1.jpg"));
  await page.keyboard.press("Enter");
  await eventually("more is asked for", () => asked, (count) => count === 1);
  const another = await store("meanwhile 2.jpg");
  await eventually("it appears", gallery.names, (list) => list.includes("meanwhile 2.jpg"));
  await page.keyboard.press("Enter");
  const state = () =>
    gallery.node.evaluate(({ shadowRoot }) => ({
      isFocused: shadowRoot.activeElement === window.button,
      isBusy: window.button.getAttribute("aria-disabled") === "true",
      changes: window.changes,
    }));
  assert.deepEqual(await state(), { isFocused: true, isBusy: true, changes: 0 });
  release();
  await eventually("it is said", said, (text) => text === "2 more photos");
  assert.equal(asked, 1, "it is not asked for twice");
  assert.match(await gallery.focused(), /^Open photo 3\.jpg/);
  assert.equal((await state()).isBusy, false);
  for (const { photo_id } of [others, another]) await service.api(`/photos/${photo_id}`, { method: "DELETE" });
});

test("where no more could be loaded the keyboard is on what tries again, and then on the first photo that came", async () => {
  await inPagesOf(2);
  const { status, headers, body } = problem(403, "forbidden", "This is not for you.");
  const more = /\/photos\?.*cursor=/;
  await page.route(more, (route) => route.fulfill({ status, headers, body }));
  await page.keyboard.press("Enter");
  await gallery.node.getByText("This is not for you.").waitFor();
  assert.equal(await gallery.focused(), "Try again");
  const others = await store("after the error.jpg");
  await eventually("it appears", gallery.names, (list) => list.includes("after the error.jpg"));
  assert.match(await said(), /This is not for you/, "it is still true");
  await page.unroute(more);
  await page.keyboard.press("Enter");
  await eventually("it is said", said, (text) => text === "2 more photos");
  assert.match(await gallery.focused(), /^Open photo 3\.jpg/);
  await service.api(`/photos/${others.photo_id}`, { method: "DELETE" });
  page.complaints = page.complaints.filter((text) => !text.includes("403"));
});

test("that nothing was found is read once, whatever is stored meanwhile", async () => {
  await page.getByRole("combobox", { name: "Kind" }).selectOption("document");
  await page.getByText("Nothing found").waitFor();
  await gallery.node.evaluate(({ shadowRoot }) => (window.message = shadowRoot.querySelector(".foot .message")));
  const asked = page.waitForEvent("requestfinished", (request) => /\/photos\?.*kind=document/.test(request.url()));
  const others = await store("not found.jpg");
  await asked;
  await gallery.painted();
  assert.ok(await page.evaluate(() => window.message.isConnected));
  await service.api(`/photos/${others.photo_id}`, { method: "DELETE" });
});

test("how many photos pass a filter is read, and no more once it is cleared", async () => {
  await page.getByRole("combobox", { name: "Kind" }).selectOption("photo");
  await eventually("it is said", said, (text) => /^\d+ photos found$/.test(text));
  await page.getByRole("combobox", { name: "Kind" }).selectOption("");
  await eventually("it is true no more", said, (text) => text === "");
});
