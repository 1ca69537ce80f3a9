/** What engines of 2022 lack: without 128-bit SIMD the baseline builds do the same, and without constructed style sheets the elements work. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fixture } from "../harness/bytes.mjs";
import { choose, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows } from "../harness/uploader.mjs";

/** V8 has no simd128 on a processor without SSE 4.1, and this one is told to have none. */
const WITHOUT_SIMD = ["--js-flags=--no-enable-sse4-1 --no-enable-ssse3"];

let service;
let browser;
let page;
const fetched = new Set();

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch({ args: WITHOUT_SIMD })]);
  // From the first request on: an idle page fetches the photo module before any file is chosen.
  const onRequest = (request) => fetched.add(request.url().split("/").at(-1));
  page = await openPage(browser, service.address, { onRequest });
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

test("photos of every module are made smaller without SIMD", async (context) => {
  if (process.arch !== "x64") return context.skip(`an engine on ${process.arch} cannot be told to have no simd128`);
  const names = ["baseline_o6.jpg", "turned_o6.png", "turned_o6.avif", "turned_o6.tiff", "turned_o6.heic"];
  await choose(page, ...names.map(fixture));
  await allRows(page, ["stored", "failed"], 120_000);
  const photos = await service.photos();
  for (const name of names) {
    const { variants, metadata } = photos.find(({ filename }) => filename === name);
    assert.ok(variants.thumb_200?.width < variants.thumb_200?.height, `${name}: ${JSON.stringify(variants)}`);
    assert.deepEqual(metadata.warnings, [], name);
  }
  const modules = ["photo", "pixels", "codecs", "heic"].map((name) => `windlass_${name}_baseline_bg.wasm`);
  assert.deepEqual(modules.filter((name) => !fetched.has(name)), []);
  assert.ok(!fetched.has("windlass_photo_bg.wasm"));
});

/** As Safari before 16.4 has it. */
function withoutConstructedSheets() {
  delete CSSStyleSheet.prototype.replaceSync;
  delete ShadowRoot.prototype.adoptedStyleSheets;
  const construct = () => {
    throw new TypeError("Illegal constructor");
  };
  window.CSSStyleSheet = new Proxy(CSSStyleSheet, { construct });
}

for (const bypassCSP of [true, false]) {
  const outcome = bypassCSP ? "look the same" : "work, unstyled where the page's policy forbids <style>";
  test(`without constructed style sheets the elements ${outcome}`, async () => {
    const other = await openPage(browser, service.address, { first: withoutConstructedSheets, bypassCSP });
    await choose(other, fixture("baseline_o1.jpg"));
    await allRows(other, ["stored"]);
    await other.locator("windlass-gallery button.tile").first().waitFor();
    const displays = await other.evaluate(() =>
      [["windlass-uploader", ".drop"], ["windlass-gallery", ".grid"]].map(
        ([name, part]) => getComputedStyle(document.querySelector(name).shadowRoot.querySelector(part)).display,
      ),
    );
    assert.deepEqual(displays, bypassCSP ? ["flex", "grid"] : ["block", "block"]);
    await other.context().close();
  });
}
