/** A customer without an account: the uploader element with an upload link and nothing else. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fixture, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows } from "../harness/uploader.mjs";

let service;
let browser;
let page;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  page = await openPage(browser, service.address);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

function makeLink(body) {
  const token = service.token({ scope: "links" });
  return service.api("/projects/demo/upload-links", { method: "POST", body, token });
}

/** An element that knows a link, in place of the page's own. */
async function openUploader(link) {
  await page.evaluate((link) => {
    const element = document.createElement("windlass-uploader");
    element.link = link;
    document.querySelector("windlass-uploader").replaceWith(element);
  }, link);
  return page.locator("windlass-uploader input[type=file]").first();
}

test("a photo goes through the link and lands in the company's project", async () => {
  const { status, json } = await makeLink({ label: "Frau Kraus", max_files: 1 });
  assert.equal(status, 201);
  const chooser = await openUploader(json.token);
  await chooser.setInputFiles([fixture("photo_12mp_o6.jpg")]);
  await allRows(page, ["stored"]);
  const [photo] = await service.photos();
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture("photo_12mp_o6.jpg")));
  assert.ok(!(await page.content()).includes(json.token), "the secret is not in the page");
});

test("a link that was ended says so to its holder", async () => {
  const { json } = await makeLink({});
  const path = `/projects/demo/upload-links/${json.link.link_id}`;
  assert.equal((await service.api(path, { method: "DELETE", token: service.token({ scope: "links" }) })).status, 204);
  const chooser = await openUploader(json.token);
  await chooser.setInputFiles([fixture("photo_12mp_o6.jpg")]);
  const [row] = await allRows(page, ["failed"]);
  assert.match(row.words, /upload link has ended/);
});
