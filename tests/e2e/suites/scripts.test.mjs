/** What people write and what they send may be a program: it is shown as text, or not at all, and never runs. */

import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { Bucket } from "../harness/bucket.mjs";
import { fixture, scratchFolder } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage, PHONE } from "../harness/browser.mjs";
import { naughtyTexts, scriptedSvgs } from "../harness/naughty.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

/** The bytes of a photo, at least: blanks change nothing of what an SVG is. */
const SIZE = 4096;
let service;
let browser;
let photo;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  photo = await service.store(fixture("photo_2mp_o1.jpg"));
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** What scripts do that are to be seen: the words of the dialogs they open. */
function dialogsOf(context) {
  const dialogs = [];
  context.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  return dialogs;
}

test("T4 T40: whatever a name, a caption or a label is, the gallery shows it as text, in its place, and asks nobody for anything", async (context) => {
  const texts = naughtyTexts(context);
  const origins = new Set();
  const page = await openPage(browser, service.address, {
    viewport: PHONE,
    onRequest: (request) => origins.add(new URL(request.url()).origin),
  });
  const dialogs = dialogsOf(page.context());
  // The service takes some of them, cleaned; a page is to bear all of them, as they are.
  const listed = ["harmless", "harmless", ...texts].map((text, index) => photoOf(text, index));
  await page.route(/\/api\/v1\/photos\?/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), photos: listed, next_cursor: null } });
  });
  await page.reload();
  const gallery = page.locator("windlass-gallery");
  await eventually("all are listed", () => gallery.evaluate(({ photos }) => photos.length), (count) => count === listed.length);
  // So that each is looked at in the dialog, which is opened by the first and steps through the others.
  await gallery.locator("button.tile").first().click();
  const wrong = await gallery.evaluate(lookAtAll);
  assert.deepEqual(wrong, []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "nothing is wider than the page");
  assert.deepEqual(dialogs, []);
  assert.deepEqual([...origins].filter((origin) => origin !== service.address && origin !== service.storeAddress), []);
  assert.deepEqual(page.complaints, []);
  context.diagnostic(`${texts.length} texts`);
  await page.context().close();
});

/** A photo all of whose words are this text; every other one with a picture, on its tile and in the dialog. */
function photoOf(text, index) {
  const isPicture = index % 2 === 0;
  return {
    ...photo,
    photo_id: `${photo.photo_id.slice(0, -4)}${(0xffff - index).toString(16)}`,
    filename: text,
    caption: text,
    tags: [text],
    kind: isPicture ? "photo" : "document",
    content_type: isPicture ? "image/png" : "application/pdf",
    url: isPicture ? `${service.address}/icon.svg` : "javascript:alert(document.domain)",
    status: "failed",
    status_reason: text,
    metadata: {
      ...{ content_type: text, make: text, model: text, lens_model: text, software: text, taken_at: { local: text, offset: text } },
      ...{ orientation: null, display_orientation: 1, location: null, width: null, height: null, flash_fired: null },
      ...{ exposure_time_s: null, f_number: null, iso: null, focal_length_mm: null },
      warnings: [{ code: "odd", message: text }],
    },
  };
}

/** In the page: what is not shown as it was written, what is made of it besides, and what leaves its place. */
function lookAtAll(gallery) {
  const root = gallery.shadowRoot;
  const dialog = root.querySelector("dialog[open]");
  const tiles = [...root.querySelectorAll("button.tile")];
  /** The kinds of elements that the two harmless ones have. */
  const known = new Set();
  const isWithin = (inner, outer) => {
    const [a, b] = [inner.getBoundingClientRect(), outer.getBoundingClientRect()];
    return a.left >= b.left - 1 && a.right <= b.right + 1 && a.top >= b.top - 1 && a.bottom <= b.bottom + 1;
  };
  /** Marks upon marks: nothing can break it, so it is cut off. */
  const isOneLetter = (text) => /\p{M}{8}/u.test(text);
  const [body, side] = [dialog.querySelector(".body"), dialog.querySelector(".side")];
  const wrong = [];
  dialog.querySelector(".everything").open = true;
  gallery.photos.forEach(({ filename: text }, index) => {
    const tile = tiles[index];
    const words = (selector) => dialog.querySelector(selector)?.textContent;
    const told = [...dialog.querySelectorAll(".everything dd")].map(({ textContent }) => textContent);
    const [caption, picture] = [tile.querySelector(".caption"), dialog.querySelector(".stage img")];
    const nodes = [tile, ...tile.querySelectorAll("*"), ...dialog.querySelectorAll("*")];
    if (index < 2) nodes.forEach(({ tagName }) => known.add(tagName));
    const checks = {
      tile: tile.getAttribute("aria-label").startsWith(`Open ${text}`) && (caption === null || caption.textContent === text),
      title: words(".title") === text && dialog.querySelector(".title").title === text,
      picture: picture === null ? index % 2 === 1 : picture.alt === text,
      caption: words(".caption-text") === text,
      label: words(".tag span") === text,
      warning: words(".warnings span") === text,
      facts: told.filter((fact) => fact === text).length >= 5,
      elements: nodes.every(({ tagName }) => known.has(tagName)),
      attributes: nodes.every(({ attributes }) => [...attributes].every(({ name }) => !name.startsWith("on") && name !== "style")),
      addresses: nodes.every((node) => node.href === undefined || typeof node.href !== "string" || /^https?:/.test(node.href)),
      "room on the tile": caption === null || isWithin(caption, tile),
      "room in the title": isWithin(dialog.querySelector(".title"), dialog),
      "room in the dialog": isOneLetter(text) || [...side.querySelectorAll("p, li, dd, .warnings span")].every((node) => node.offsetWidth === 0 || isWithin(node, side)),
      "no way to the side": body.scrollWidth <= body.clientWidth,
    };
    for (const [what, isRight] of Object.entries(checks)) {
      if (!isRight) wrong.push(`${index} ${what}: ${text}`);
    }
    dialog.querySelector('[aria-label="Next photo"]').click();
  });
  return wrong;
}

test("T8: an SVG with a script is taken neither as what it is nor as what it claims to be", async (context) => {
  const page = await openPage(browser, service.address);
  const dialogs = dialogsOf(page.context());
  const bucket = new Bucket(service);
  const before = (await bucket.objects()).map(({ key }) => key);
  const folder = scratchFolder();
  const files = Object.entries(scriptedSvgs(context)).flatMap(([name, svg]) => [name, `${name}.jpg`].map((each) => [join(folder, each), svg]));
  for (const [path, svg] of files) await writeFile(path, svg.padEnd(SIZE));
  await choose(page, ...files.map(([path]) => path));
  await allRows(page, ["failed"]);
  assert.equal((await rows(page)).length, files.length);
  assert.deepEqual((await service.photos()).map(({ filename }) => filename), ["photo_2mp_o1.jpg"]);
  await eventually("nothing of them is in the bucket", () => bucket.objects(), (list) => list.every(({ key }) => before.includes(key)));
  assert.deepEqual(dialogs, []);
  await page.context().close();
});

test("T8: an SVG that somebody puts in a photo's place runs no script where the photo's address is opened", async (context) => {
  const bucket = new Bucket(service);
  const key = decodeURIComponent(new URL(photo.url).pathname).split("/").slice(2).join("/");
  for (const [name, svg] of Object.entries(scriptedSvgs(context))) {
    await bucket.put(key, svg, "image/svg+xml");
    const { json } = await service.api(`/photos/${photo.photo_id}`);
    assert.equal(await (await fetch(json.url)).text(), svg, name);
    const tab = await (await browser.newContext()).newPage();
    const dialogs = dialogsOf(tab.context());
    await tab.goto(json.url);
    assert.equal(await tab.evaluate(() => document.contentType), "image/jpeg", name);
    assert.deepEqual(dialogs, [], name);
    // That it would be seen, were it given out as what it is.
    await tab.route((url) => url.href === json.url, (route) => route.fulfill({ body: svg, contentType: "image/svg+xml" }));
    await tab.goto(json.url);
    await eventually("its script runs", () => dialogs, ({ length }) => length > 0);
    await tab.context().close();
  }
});
