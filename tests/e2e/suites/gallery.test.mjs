/** The gallery by keyboard and by mouse: where they lead, and what is not lost. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, afterEach, test } from "node:test";

import { fixture, makeVideo, scratchFolder, variation } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows } from "../harness/uploader.mjs";

/** Where no part of the dialog is, in a window of `DESKTOP`'s size. */
const BESIDE = [8, 450];
let service;
let browser;
let folder;
let page;

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
  await eventually("the gallery is live", () => gallery().evaluate(({ live }) => live), (live) => live === "live");
});
afterEach(async () => {
  assert.deepEqual(page.complaints.splice(0), []);
  await page.context().close();
});

async function store(filename) {
  return service.store(await variation(fixture("photo_2mp_o1.jpg"), join(folder, filename), filename));
}

const gallery = () => page.locator("windlass-gallery");
const dialog = () => page.locator("windlass-gallery dialog[open]");
const title = () => dialog().locator("h2").textContent();
const caption = () => page.getByRole("textbox", { name: "Caption" });
/** What has the keyboard in the gallery: its name. */
const focused = () =>
  gallery().evaluate(({ shadowRoot: { activeElement } }) => activeElement?.getAttribute("aria-label") ?? activeElement?.textContent ?? null);

async function open(name) {
  await page.getByRole("button", { name: `Open ${name}` }).click();
  await dialog().waitFor();
}

async function edit(text) {
  await dialog().locator("button.edit").click();
  if (text !== undefined) await caption().fill(text);
}

test("text that is selected up to the backdrop stays, and a press beside the dialog closes it only where nobody writes", async () => {
  await open("photo 1.jpg");
  await edit("cracked lintel");
  const box = await caption().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(...BESIDE, { steps: 5 });
  await page.mouse.up();
  assert.equal(await caption().inputValue(), "cracked lintel");
  await page.mouse.click(...BESIDE);
  assert.equal(await caption().inputValue(), "cracked lintel");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.mouse.click(...BESIDE);
  await dialog().waitFor({ state: "detached" });
});

test("what was written and not saved is asked about before it goes, whichever way that is", async () => {
  await open("photo 2.jpg");
  await edit("north side");
  const isAsked = async (way) => {
    assert.equal(await focused(), "Discard changes?", way);
    assert.equal(await caption().inputValue(), "north side", way);
    assert.equal(await title(), "photo 2.jpg", way);
  };
  await page.keyboard.press("Escape");
  await isAsked("by Escape");
  await caption().focus();
  await page.getByRole("button", { name: "Cancel" }).waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  await isAsked("by Close");
  await page.getByRole("button", { name: "Next photo" }).click();
  await isAsked("by the next photo");
  await page.getByRole("button", { name: "Discard changes?" }).click();
  assert.equal(await caption().count(), 0);
  assert.equal(await focused(), "Add caption and labels");

  await edit("north side");
  await page.keyboard.press("Escape");
  await isAsked("once more");
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });

  await open("photo 2.jpg");
  await edit();
  await page.keyboard.press("Escape");
  await dialog().waitFor({ state: "detached" });
});

test("an arrow on a button of the form, too, leaves what is being written", async () => {
  await open("photo 2.jpg");
  await edit("south side");
  await page.getByRole("button", { name: "Save" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowLeft");
  assert.deepEqual([await title(), await caption().inputValue(), await focused()], ["photo 2.jpg", "south side", "Save"]);
  await page.keyboard.press("Enter");
  await dialog().getByText("south side").waitFor();
  assert.equal(await focused(), "Edit", "the keyboard stays here");
});

test("arrows go from photo to photo, also where the button that had the keyboard is another one then", async () => {
  await open("photo 3.jpg");
  await dialog().locator("button.edit").focus();
  await page.keyboard.press("ArrowRight");
  assert.equal(await title(), "photo 4.jpg");
  await page.keyboard.press("ArrowRight");
  assert.equal(await title(), "photo 5.jpg");
});

test("where people read from right to left the next photo is on the left", async () => {
  await page.evaluate(() => (document.documentElement.dir = "rtl"));
  await open("photo 3.jpg");
  await page.keyboard.press("ArrowLeft");
  assert.equal(await title(), "photo 4.jpg");
  await page.keyboard.press("ArrowRight");
  assert.equal(await title(), "photo 3.jpg");
  const [previous, next] = await Promise.all(
    ["Previous photo", "Next photo"].map(async (name) => {
      const button = page.getByRole("button", { name });
      const transform = await button.locator("svg").evaluate((icon) => getComputedStyle(icon).transform);
      return { x: (await button.boundingBox()).x, isMirrored: transform === "matrix(-1, 0, 0, 1, 0, 0)" };
    }),
  );
  assert.ok(next.x < previous.x && next.isMirrored && previous.isMirrored, JSON.stringify({ previous, next }));
});

test("arrows in a film are the film's", async () => {
  // Its bytes are noise: a film that is never answered stays where it can be wound.
  await page.route((url) => url.origin === service.storeAddress && url.pathname.endsWith(".mp4"), () => {});
  await choose(page, await makeVideo(join(folder, "walk.mp4"), 20_000));
  await allRows(page, ["stored"]);
  await open("walk.mp4");
  await page.evaluate(() => addEventListener("keydown", ({ defaultPrevented }) => (window.isTaken = defaultPrevented)));
  await dialog().locator("video").focus();
  await page.keyboard.press("ArrowRight");
  assert.deepEqual([await title(), await page.evaluate(() => window.isTaken)], ["walk.mp4", false]);
  await page.getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("ArrowRight");
  assert.deepEqual([await title(), await page.evaluate(() => window.isTaken)], ["photo 1.jpg", true]);
  const [film] = (await service.photos()).filter(({ filename }) => filename === "walk.mp4");
  assert.equal((await service.api(`/photos/${film.photo_id}`, { method: "DELETE" })).status, 204);
});
