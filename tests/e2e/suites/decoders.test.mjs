/** Pictures that Chromium decodes for us: upright, whole, and with what the camera knew, as those we decode. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { fixture } from "../harness/bytes.mjs";
import { launch, openPage } from "../harness/browser.mjs";
import { bareOf, resizeBytes, resizeWith, UPRIGHT } from "../harness/decoders.mjs";
import { Service } from "../harness/service.mjs";
import { everyPictureIsUpright } from "../harness/upright.mjs";

let service;
let browser;
let page;
const run = (work, argument) => page.evaluate(work, argument);

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  page = await openPage(browser, service.address);
  await page.goto(bareOf(service.address));
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

const ENDINGS = [".jpg", ".png", ".webp", ".avif"];
everyPictureIsUpright(run, { "image-decoder": ENDINGS, "image-bitmap": ENDINGS, best: ENDINGS });

test("what Chromium decodes best is left to it, and what it cannot is not", async () => {
  const used = async (name) => {
    const { used, code } = await resizeWith(run, name, 6, "best");
    return used ?? code;
  };
  assert.equal(await used("baseline_o{}.jpg"), "photo");
  for (const name of ["progressive_o{}.jpg", "turned_o{}.png", "turned_o{}.webp", "turned_o{}.avif"]) {
    assert.equal(await used(name), "image-decoder", name);
  }
  assert.equal(await used("turned_o{}.tiff"), "needs_codecs");
  assert.equal(await used("turned_o{}.heic"), "needs_heic");
});

test("a picture that is cut off or damaged is refused, whichever of the browser's decoders is asked", async () => {
  for (const name of ["progressive_o{}.jpg", "turned_o{}.png", "turned_o{}.webp", "turned_o{}.avif"]) {
    const whole = await readFile(fixture(name.replace("{}", 6)));
    for (const decoder of ["image-decoder", "image-bitmap", "best"]) {
      for (const share of [0.3, 0.6, 0.9]) {
        const made = await resizeBytes(run, name, 6, whole.subarray(0, whole.length * share), decoder);
        assert.equal(made.code, "incomplete", `${name} at ${share} by ${decoder}: ${made.message}`);
      }
    }
  }
  const damaged = Buffer.from(await readFile(fixture("turned_o6.png")));
  damaged[damaged.length >> 1] ^= 0x10;
  assert.equal((await resizeBytes(run, "turned_o{}.png", 6, damaged, "best")).code, "corrupt");
});

test("an AVIF whose picture is noise is refused, for nothing can decode it", async () => {
  const noise = Buffer.from(await readFile(fixture("turned_o1.avif")));
  const data = noise.indexOf("mdat") + 4;
  noise.fill(0x55, data, data + 260);
  const made = await resizeBytes(run, "turned_o{}.avif", 1, noise, "best");
  assert.equal(made.code, "unsupported_format", JSON.stringify(made));
});

test("WebP is made when it is asked for, upright and with what the camera knew", async () => {
  for (const name of ["baseline_o{}.jpg", "turned_o{}.png", "turned_o{}.avif"]) {
    const made = await resizeWith(run, name, 6, "best", "webp");
    assert.deepEqual([made.type, made.seen, made.warnings], ["image/webp", UPRIGHT, []], name);
    assert.deepEqual([made.metadata.make, made.metadata.display_orientation], ["Windlass", 1], name);
    assert.deepEqual(made.metadata.size, made.size, name);
  }
});

test("where WebP cannot be made it is JPEG, and that is told", async () => {
  const made = await resizeWith(run, "turned_o{}.heic", 6, "heic", "webp");
  assert.deepEqual([made.type, made.used, made.seen], ["image/jpeg", "heic", UPRIGHT]);
  assert.deepEqual(made.warnings, ["webp_not_encoded"]);
});
