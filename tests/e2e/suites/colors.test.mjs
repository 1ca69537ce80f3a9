/** The colours of a Display P3 photo, as iPhones take them: kept with their profile, or converted where that is asked for. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fixture } from "../harness/bytes.mjs";
import { launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";

let service;
let browser;
let page;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  page = await openPage(browser, service.address);
  await page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("input"), { type: "file", id: "given" }));
  });
  await page.locator("#given").setInputFiles(fixture("display_p3.jpg"));
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** Uploads the photo, and looks at the picture that was made of it: the meadow as stored, and as a screen shows it. */
async function pictureMade(color, project) {
  return page.evaluate(
    async ({ token, ...given }) => {
      const { Windlass } = await import("/windlass/index.js");
      const variants = [{ name: "small", max_edge: 160, quality: 0.95 }];
      const client = new Windlass({ endpoint: location.origin, token: () => token, variants, keep: false, ...given });
      const { variants: stored } = await client.add(document.querySelector("#given").files[0]).done;
      client.close();
      const blob = await (await fetch(stored.small.url)).blob();
      const meadow = async (options) => {
        const bitmap = await createImageBitmap(blob, options);
        const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
        context.drawImage(bitmap, 0, 0);
        return [...context.getImageData(bitmap.width * 0.1, bitmap.height * 0.92, 1, 1).data].slice(0, 3);
      };
      return {
        hasProfile: (await blob.text()).includes("ICC_PROFILE"),
        stored: await meadow({ colorSpaceConversion: "none" }),
        shown: await meadow({ colorSpaceConversion: "default" }),
      };
    },
    { project, color, token: service.token({ project }) },
  );
}

const differ = (one, other) => Math.max(...one.map((level, index) => Math.abs(level - other[index])));

test("the colours of the smaller pictures are kept with their profile, or are sRGB without one", async () => {
  const kept = await pictureMade("keep", "colors-kept");
  const converted = await pictureMade("srgb", "colors-converted");
  assert.equal(kept.hasProfile, true);
  assert.equal(converted.hasProfile, false);
  assert.ok(differ(kept.stored, kept.shown) > 10, `the profile means something: ${JSON.stringify(kept)}`);
  assert.deepEqual(converted.stored, converted.shown);
  assert.ok(differ(kept.shown, converted.shown) <= 6, `a screen shows the same: ${JSON.stringify({ kept, converted })}`);
});

test("a colour that is not known is refused when the client is made", async () => {
  const code = await page.evaluate(async () => {
    const { Windlass } = await import("/windlass/index.js");
    try {
      new Windlass({ endpoint: location.origin, project: "colors", token: () => "", color: "cmyk" });
    } catch (error) {
      return error.code;
    }
  });
  assert.equal(code, "invalid_options");
});
