/** The network misbehaves: wrong bytes on the way, gone and back, the service restarted. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { fixture, makeVideo, scratchFolder, sha256OfFile, sha256OfUrl, variation } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { Gate } from "../harness/gate.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

const MIB = 1024 * 1024;
/** On an open line all of a film might arrive before it is broken off: in bytes a second. */
const IN_THE_MIDDLE = 20 * MIB;
let gate;
let service;
let browser;
let folder;

before(async () => {
  gate = await Gate.open();
  [service, browser] = await Promise.all([Service.start({ env: { WINDLASS_STORE_PUBLIC_URL: gate.address } }), launch()]);
  gate.leadTo(service.storePort);
  folder = scratchFolder();
});
after(async () => {
  await browser?.close();
  await service?.stop();
  gate?.close();
});
beforeEach(() => {
  gate.bytesPerSecond = Infinity;
});

test("bytes that change on the way are refused by the store and sent again", async () => {
  const page = await openPage(browser, service.address);
  const photo = await variation(fixture("photo_12mp_o6.jpg"), join(folder, "flipped.jpg"), 1);
  const answers = [];
  let flipped = 0;
  await page.context().route(`${gate.address}/**`, async (route) => {
    const request = route.request();
    if (request.method() !== "PUT" || !request.url().includes("original")) return route.continue();
    if (flipped > 0) return route.continue();
    flipped += 1;
    // The browser does not show the body of a request that is a file.
    const sent = await readFile(photo);
    sent[Math.floor(sent.length / 2)] ^= 1;
    return route.continue({ postData: sent });
  });
  page.context().on("response", (response) => {
    if (response.request().method() === "PUT" && response.url().includes("original")) answers.push(response.status());
  });
  await choose(page, photo);
  await allRows(page, ["stored"], 120_000);
  assert.equal(flipped, 1, "the test changed a body");
  assert.ok(answers[0] >= 400, `the store accepted changed bytes: ${answers}`);
  const stored = (await service.photos()).find(({ filename }) => filename === "flipped.jpg");
  assert.equal(await sha256OfUrl(stored.url), await sha256OfFile(photo));
  await page.context().close();
});

test("a wrong checksum is refused by the store and by completion", async () => {
  const bytes = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.alloc(4096, 7)]);
  const { json } = await service.api("/uploads", {
    method: "POST",
    body: {
      project_id: "demo",
      files: [{ client_ref: "wrong-sum", filename: "a.jpg", content_type: "image/jpeg", size: bytes.length, checksum: "AAAAAAAAAAA=" }],
    },
  });
  const [upload] = json.uploads;
  const { "content-length": _, ...headers } = upload.headers;
  const put = await fetch(upload.url, { method: "PUT", body: bytes, headers });
  assert.equal(put.status, 400, await put.text());
  const complete = await service.api(`/uploads/${upload.upload_id}/complete`, { method: "POST", body: {} });
  assert.equal(complete.status, 409);
  assert.equal(complete.json.code, "bytes_missing");
});

test("offline in the middle of a video: it waits, says so, and goes on by itself", async () => {
  const page = await openPage(browser, service.address);
  const video = await makeVideo(join(folder, "offline.mp4"), 120 * MIB, 11);
  gate.bytesPerSecond = IN_THE_MIDDLE;
  await choose(page, video);
  await eventually("bytes move", () => rows(page), ([only]) => /Sending [1-9]/.test(only?.words ?? ""));
  await page.context().setOffline(true);
  await eventually(
    "the row says that it waits",
    () => rows(page),
    ([only]) => only?.state === "waiting_for_network" || only?.state === "retrying",
  );
  gate.bytesPerSecond = Infinity;
  await page.context().setOffline(false);
  await allRows(page, ["stored"], 90_000);
  const stored = (await service.photos()).find(({ filename }) => filename === "offline.mp4");
  assert.equal(await sha256OfUrl(stored.url), await sha256OfFile(video));
  await page.context().close();
});

test("the service and the store are restarted in the middle of a video: nothing is lost", async () => {
  const page = await openPage(browser, service.address);
  const video = await makeVideo(join(folder, "restart.mp4"), 120 * MIB, 13);
  gate.bytesPerSecond = IN_THE_MIDDLE;
  await choose(page, video);
  await eventually("bytes move", () => rows(page), ([only]) => /Sending [1-9]/.test(only?.words ?? ""));
  await service.pause("SIGKILL");
  assert.notEqual((await rows(page))[0]?.state, "stored", "it was in the middle");
  gate.bytesPerSecond = Infinity;
  await service.resume();
  await allRows(page, ["stored"], 120_000);
  const stored = (await service.photos()).find(({ filename }) => filename === "restart.mp4");
  assert.equal(await sha256OfUrl(stored.url), await sha256OfFile(video));
  await page.context().close();
});
