/** `examples/dashboard-vite`: the package as an application imports it, built and served by Vite. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { fixture, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { eventually, launch } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { picturesShown } from "../harness/uploader.mjs";

const example = fileURLToPath(new URL("../../../examples/dashboard-vite/", import.meta.url));
let service;
let browser;
let server;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  process.env.WINDLASS_SERVICE = service.address;
  const { preview } = await import(pathToFileURL(`${example}node_modules/vite/dist/node/index.js`).href);
  server = await preview({ root: example, logLevel: "error", preview: { port: 0, host: "127.0.0.1" } });
});
after(async () => {
  await browser?.close();
  await server?.close();
  await service?.stop();
});

test("a photo chosen in the built dashboard is stored and shown, with a progress list of its own", async () => {
  const page = await (await browser.newContext()).newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(server.resolvedUrls.local[0]);
  const project = await page.locator("#project").inputValue();
  await page.locator("#files").setInputFiles([fixture("photo_12mp_o6.jpg"), fixture("photo_2mp_o1.jpg")]);
  await eventually(
    "both are stored",
    () => page.locator("#uploads li").evaluateAll((items) => items.map(({ dataset }) => dataset.state)),
    (states) => states.length === 2 && states.every((state) => state === "stored"),
  );
  assert.equal(await page.locator("#total").textContent(), "2 of 2 stored");
  await picturesShown(page, 2);
  const photos = await service.photos(project);
  const names = ["photo_12mp_o6.jpg", "photo_2mp_o1.jpg"];
  for (const name of names) {
    const photo = photos.find(({ filename }) => filename === name);
    assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture(name)));
  }
  assert.deepEqual(complaints, []);
});
