/** The elements for those who hear the page, and for those who choose its colours. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, scratchFolder, variation } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { Gallery } from "../harness/gallery.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, row } from "../harness/uploader.mjs";

let service;
let browser;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** The demo page with a file on its way, none of which the store answers. */
async function openSending(options) {
  const page = await openPage(browser, service.address, options);
  await page.context().route(`${service.storeAddress}/**`, () => {});
  await choose(page, fixture("baseline_o1.jpg"));
  await allRows(page, ["uploading"]);
  return page;
}

test("progress is seen in the colours that its reader has chosen", async () => {
  const page = await openSending({ forcedColors: "active" });
  const isPainted = (name) =>
    page.locator("windlass-uploader").evaluate(({ shadowRoot }, system) => {
      const sample = document.body.appendChild(document.createElement("p"));
      Object.assign(sample.style, { forcedColorAdjust: "none", backgroundColor: system });
      const fill = shadowRoot.querySelector("li.row .bar > span");
      return getComputedStyle(fill).backgroundColor === getComputedStyle(sample).backgroundColor;
    }, name);
  assert.equal(await isPainted("Highlight"), true);
  await row(page, "baseline_o1.jpg").getByRole("button", { name: /^Pause/ }).click();
  await allRows(page, ["paused"]);
  assert.equal(await isPainted("GrayText"), true);
  await page.context().close();
});

test("lists without marks are lists to VoiceOver, too", async () => {
  const page = await openSending();
  const roles = await page.evaluate(() =>
    ["windlass-uploader", "windlass-gallery"].flatMap((name) =>
      [...document.querySelector(name).shadowRoot.querySelectorAll("ul")].map((list) => list.getAttribute("role")),
    ),
  );
  assert.deepEqual(roles, ["list", "list"]);
  await page.context().close();
});

test("who goes from photo to photo hears which one is shown, also where all have one name", async () => {
  const folder = scratchFolder();
  // Listed newest first.
  for (const [index, caption] of ["north side", "south side", "south side", "east side"].entries()) {
    const path = await variation(fixture("photo_2mp_o1.jpg"), join(folder, "image.jpg"), index);
    const { photo_id } = await service.store(path, `image-${index}`);
    await service.api(`/photos/${photo_id}`, { method: "PATCH", body: { caption } });
  }
  const page = await openPage(browser, service.address);
  const gallery = new Gallery(page);
  await eventually("they are shown", gallery.names, ({ length }) => length === 4);
  await gallery.node.getByRole("button", { name: "Open image.jpg" }).first().click();
  const region = gallery.dialog.locator(".side > [aria-live]");
  assert.equal(await region.textContent(), "", "the dialog's name is read when it opens");
  await region.evaluate((node) => {
    window.said = [];
    new MutationObserver(() => window.said.push(node.textContent)).observe(node, { childList: true });
  });
  for (let step = 0; step < 3; step += 1) await page.keyboard.press("ArrowRight");
  assert.deepEqual(await page.evaluate(() => window.said), ["image.jpg. south side", "image.jpg. south side", "image.jpg. north side"]);
  await page.context().close();
});

test("the keyboard stays where it was when the button that had it has no more to do", async () => {
  const page = await openPage(browser, service.address);
  const held = [];
  let isOpen = false;
  await page.context().route(`${service.storeAddress}/**`, (route) => (isOpen ? route.continue() : held.push(route)));
  await choose(page, fixture("baseline_o1.jpg"), fixture("photo_2mp_o1.jpg"));
  await page.getByRole("button", { name: "Pause all" }).waitFor();
  const uploader = page.locator("windlass-uploader");
  const focused = () =>
    uploader.evaluate(({ shadowRoot: { activeElement } }) => (activeElement?.querySelector(":scope > .name") ?? activeElement)?.textContent ?? null);

  await page.getByRole("button", { name: "Pause all" }).press("Enter");
  await eventually("it is on what undoes that", focused, (name) => name === "Resume all");
  await page.keyboard.press("Enter");
  await eventually("it is back", focused, (name) => name === "Pause all");

  await row(page, "baseline_o1.jpg").getByRole("button", { name: /^Pause/ }).focus();
  isOpen = true;
  await Promise.all(held.map((route) => route.continue().catch(() => undefined)));
  await allRows(page, ["stored"]);
  assert.equal(await focused(), "baseline_o1.jpg");

  await uploader.evaluate((element) => (element.link = "cut off"));
  await page.getByRole("button", { name: "Dismiss" }).press("Enter");
  assert.match(await focused(), /^Choose/);
  await page.context().close();
});

test("an application's own button that opens the file dialog keeps the keyboard", async () => {
  const page = await openPage(browser, service.address);
  const kept = await page.locator("windlass-uploader").evaluate((uploader) => {
    // No dialog, which would be in the way.
    for (const input of uploader.shadowRoot.querySelectorAll("input")) input.addEventListener("click", (event) => event.preventDefault());
    const own = document.body.appendChild(document.createElement("button"));
    return ["choose", "takePhoto"].map((opens) => {
      own.focus();
      uploader[opens]();
      return document.activeElement === own;
    });
  });
  assert.deepEqual(kept, [true, true]);
  await page.context().close();
});

test("a notice about a file with a long name can be read and dismissed on the smallest phones", async () => {
  const width = 320;
  const page = await openPage(browser, service.address, { viewport: { width, height: 568 } });
  const said = `${"PXL_20260714_081500123".repeat(4)}.jpg`;
  await page.locator("windlass-uploader").evaluate((uploader, text) => Object.assign(uploader, { strings: { error: () => text }, link: "cut off" }), said);
  await page.locator("windlass-uploader").getByText(said).waitFor();
  const dismiss = await page.getByRole("button", { name: "Dismiss" }).boundingBox();
  assert.ok(dismiss.x + dismiss.width <= width, JSON.stringify(dismiss));
  await page.context().close();
});
