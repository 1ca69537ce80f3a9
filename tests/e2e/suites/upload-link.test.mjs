/** A customer without an account: the uploader element with an upload link and nothing else. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fixture, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { eventually, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

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

test("an office page makes, lists and ends links by the package, and its refusals have the service's codes", async () => {
  const seen = await page.evaluate(
    async ({ endpoint, office, crew }) => {
      const { Windlass } = await import("/windlass/index.js");
      const clients = [office, crew].map((token) => new Windlass({ endpoint, project: "demo", token: () => token, keep: false }));
      const [links, notTheirs] = clients.map(({ uploadLinks }) => uploadLinks);
      const { link, token } = await links.create({ label: "Herr Maier", max_files: 2, expires_in_seconds: 3600 });
      const [listed] = await links.list();
      await links.revoke(link.link_id);
      const [ended] = await links.list();
      const refusals = [];
      for (const refused of [() => notTheirs.create(), () => links.create({ max_files: 0 })]) {
        await refused().catch(({ name, code, retryable }) => refusals.push([name, code, retryable]));
      }
      clients.forEach((client) => client.close());
      return { token, listed, ended, refusals };
    },
    { endpoint: service.address, office: service.token({ scope: "links" }), crew: service.token({ scope: "upload" }) },
  );
  assert.match(seen.token, /^wlk_.+\.demo$/);
  assert.deepEqual([seen.listed.label, seen.listed.max_files, seen.listed.is_open], ["Herr Maier", 2, true]);
  assert.equal(seen.ended.is_open, false);
  assert.deepEqual(seen.refusals, [
    ["WindlassError", "forbidden", false],
    ["WindlassError", "invalid_request", false],
  ]);
});

test("a link that was ended says so to its holder", async () => {
  const { json } = await makeLink({});
  const path = `/projects/demo/upload-links/${json.link.link_id}`;
  assert.equal((await service.api(path, { method: "DELETE", token: service.token({ scope: "links" }) })).status, 204);
  const chooser = await openUploader(json.token);
  await chooser.setInputFiles([fixture("photo_12mp_o6.jpg")]);
  // To the engine it is a token that may be good again in a minute: it says why it still tries.
  const says = ([row]) => /This link has ended\. Ask whoever sent it/.test(row?.words ?? "");
  await eventually("its row says so", () => rows(page), says);
});

test("a page that was opened without the end of its address says so before anything is chosen", async () => {
  await openUploader("");
  await page.locator("windlass-uploader").getByText("This link is not whole. Open it again from the message you were sent.").waitFor();
});
