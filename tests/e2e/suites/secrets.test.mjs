/** What must not be left lying about: tokens and signed URLs. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fixture } from "../harness/bytes.mjs";
import { choose, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows } from "../harness/uploader.mjs";

let service;
let browser;

before(async () => {
  [service, browser] = await Promise.all([
    Service.start({ env: { RUST_LOG: "trace" } }),
    launch(),
  ]);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

test("no signature and no token is in the service's log or in the browser's storage", async () => {
  const page = await openPage(browser, service.address);
  const secrets = new Set();
  page.context().on("request", (request) => {
    const signature = new URL(request.url()).searchParams.get("X-Amz-Signature");
    if (signature) secrets.add(signature);
    const token = request.headers().authorization?.replace("Bearer ", "");
    if (token) secrets.add(token);
  });
  await choose(page, fixture("photo_12mp_o6.jpg"));
  await allRows(page, ["stored"]);
  assert.ok(secrets.size >= 4, `only ${secrets.size} secrets were seen`);
  const kept = await page.evaluate(async () => {
    const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
    for (const { name } of await indexedDB.databases()) {
      const database = await new Promise((done, fail) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => done(request.result);
        request.onerror = () => fail(request.error);
      });
      for (const store of database.objectStoreNames) {
        const all = await new Promise((done, fail) => {
          const request = database.transaction(store).objectStore(store).getAll();
          request.onsuccess = () => done(request.result);
          request.onerror = () => fail(request.error);
        });
        texts.push(JSON.stringify(all));
      }
    }
    return texts.join("\n");
  });
  for (const secret of secrets) {
    assert.ok(!service.log.includes(secret), `in the log: ${secret.slice(0, 12)}…`);
    assert.ok(!kept.includes(secret), `in the browser's storage: ${secret.slice(0, 12)}…`);
  }
});
