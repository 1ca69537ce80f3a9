/**
 * The five systems' clients (`tests/seeds`) as web pages of another origin, which is where browsers ask the service
 * and the bucket for leave: no type on some of their bodies, `X-Tenant-ID`, signed URLs, `ETag` of parts.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { Office, files } from "../../seeds/office.mjs";
import { SYSTEMS } from "../../seeds/systems.mjs";
import { launch, listen } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";

const MODULES = new Set(["/seeds/systems.mjs", "/seeds/mapped.mjs", "/e2e/harness/eventually.mjs"]);
const HTML = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<input type="file" id="files" multiple>
<script type="module">import { SYSTEMS, mappedFetch } from "/seeds/systems.mjs"; Object.assign(window, { SYSTEMS, mappedFetch });</script>`;

let site;
let service;
let browser;
let photo;
let plan;

before(async () => {
  site = createServer(async ({ url }, answer) => {
    const isModule = MODULES.has(url);
    answer.setHeader("content-type", isModule ? "text/javascript" : "text/html");
    answer.end(isModule ? await readFile(new URL(`../..${url}`, import.meta.url)) : HTML);
  }).listen(0, "127.0.0.1");
  await once(site, "listening");
  site.origin = `http://127.0.0.1:${site.address().port}`;
  const env = { WINDLASS_PLAIN_CLIENTS: "true", WINDLASS_ALLOWED_ORIGINS: site.origin };
  [service, browser, { photo, plan }] = await Promise.all([Service.start({ env }), launch(), files()]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
  site?.close().closeAllConnections();
});

/** Runs in the page: its own `fetch`, its own files, and pictures as it shows them. */
async function run({ name, address, token, project }) {
  const { routes, addsToken, flow } = window.SYSTEMS.find((system) => system.name === name);
  const [photo, plan] = document.querySelector("#files").files;
  const shown = async (urls) => {
    for (const url of urls) {
      const picture = new Image();
      picture.src = url;
      // A plan is no picture: it is only fetched, below.
      if (url.includes(".jpg")) await picture.decode();
    }
    await window.compare(urls);
  };
  const fetch = window.mappedFetch({ address, routes, token: addsToken ? token : undefined });
  await flow({ fetch, token, project, photo, plan, office: { process: window.process }, shown });
}

describe("web pages of the five systems", () => {
  for (const [index, { name, does }] of SYSTEMS.entries()) {
    test(`${name} ${does}`, async () => {
      const project = `page-${index}`;
      const office = new Office(service, project, [photo, plan]);
      const page = listen(await (await browser.newContext()).newPage());
      try {
        await page.exposeFunction("process", (id, tags) => office.process(id, tags));
        await page.exposeFunction("compare", (urls) => office.compare(urls));
        await page.goto(site.origin);
        await page.waitForFunction(() => window.SYSTEMS !== undefined);
        const chosen = [photo, plan].map(async (file) => ({
          name: file.name,
          mimeType: file.type,
          buffer: Buffer.from(await file.arrayBuffer()),
        }));
        await page.locator("#files").setInputFiles(await Promise.all(chosen));
        const token = service.token({ project, scope: "upload read delete" });
        await page.evaluate(run, { name, address: service.address, token, project });
        assert.ok(office.seen > 0, "its files are stored byte for byte");
        const refused = page.complaints.filter((complaint) => !complaint.includes("404"));
        assert.deepEqual(refused, []);
      } finally {
        await page.context().close();
      }
    });
  }
});
