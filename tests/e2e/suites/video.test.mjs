/** A 200 MiB video by multipart; cancelling and pausing one. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";

import { makeVideo, scratchFolder, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../harness/browser.mjs";
import { Gate } from "../harness/gate.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, discard, row, rows } from "../harness/uploader.mjs";

const MIB = 1024 * 1024;
/** On an open line all of the video might arrive before a button is pressed: in bytes a second. */
const IN_THE_MIDDLE = 20 * MIB;
let gate;
let service;
let browser;
let video;

before(async () => {
  gate = await Gate.open();
  [service, browser] = await Promise.all([Service.start({ env: { WINDLASS_STORE_PUBLIC_URL: gate.address } }), launch()]);
  gate.leadTo(service.storePort);
  video = await makeVideo(join(scratchFolder(), "site walk.mp4"), 200 * MIB);
});
after(async () => {
  await browser?.close();
  await service?.stop();
  gate?.close();
});
beforeEach(() => {
  gate.bytesPerSecond = Infinity;
});

/** Upload ids the page was given, seen in the API's answers. */
function uploadIds(page) {
  const ids = [];
  page.context().on("response", async (response) => {
    if (response.request().method() === "POST" && response.url().endsWith("/api/v1/uploads")) {
      const body = await response.json().catch(() => undefined);
      ids.push(...(body?.uploads ?? []).map(({ upload_id }) => upload_id).filter(Boolean));
    }
  });
  return ids;
}

/** The PUTs of a page and its workers: how many have begun, and for how long none has been under way. */
function watchPuts(page) {
  const open = new Set();
  let changedAt = performance.now();
  const watch = { begun: 0, quietMs: () => (open.size > 0 ? 0 : performance.now() - changedAt) };
  page.context().on("request", (request) => {
    if (request.method() !== "PUT") return;
    watch.begun += 1;
    open.add(request);
  });
  for (const end of ["requestfinished", "requestfailed"]) {
    page.context().on(end, (request) => {
      if (open.delete(request)) changedAt = performance.now();
    });
  }
  return watch;
}

test("a 200 MiB video arrives byte for byte in parts, with progress that moves", async () => {
  const page = await openPage(browser, service.address);
  // Two seconds at the least: each of them shows some progress.
  gate.bytesPerSecond = 100 * 1024 * 1024;
  const seen = new Set();
  await choose(page, video);
  await eventually(
    "the video is stored",
    async () => {
      const bar = page.locator("windlass-uploader li.row [role=progressbar]");
      seen.add(await bar.getAttribute("aria-valuenow", { timeout: 1_000 }).catch(() => null));
      return rows(page);
    },
    ([only]) => only?.state === "stored",
    120_000,
  );
  assert.ok(seen.size > 3, `progress showed only ${[...seen]}`);
  const [photo] = await service.photos();
  assert.equal(photo.kind, "video");
  assert.equal(photo.size, 200 * MIB);
  const { json: upload } = await service.api(`/uploads/${photo.photo_id}`);
  assert.deepEqual([upload.method, upload.part_count], ["MULTIPART", 40]);
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(video));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test("a cancelled video leaves nothing behind", async () => {
  const page = await openPage(browser, service.address);
  const before = (await service.photos()).length;
  const ids = uploadIds(page);
  gate.bytesPerSecond = IN_THE_MIDDLE;
  await choose(page, video);
  await eventually("bytes move", () => rows(page), ([only]) => /Sending [1-9]/.test(only?.words ?? ""));
  await discard(row(page, "site walk.mp4"), /^Cancel/);
  await eventually("the row is gone or cancelled", () => rows(page), (list) => list.every(({ state }) => state === "cancelled"));
  const [id] = await eventually("the id is known", () => ids, (known) => known.length > 0);
  await eventually(
    "the service knows it is aborted",
    async () => (await service.api(`/uploads/${id}`)).json.status,
    (status) => status === "aborted",
  );
  assert.equal((await service.api(`/uploads/${id}/parts`)).status, 409);
  assert.equal((await service.photos()).length, before);
  await page.context().close();
});

test("a paused video stands still and goes on when resumed", async () => {
  const page = await openPage(browser, service.address);
  const before = (await service.photos()).length;
  const puts = watchPuts(page);
  gate.bytesPerSecond = IN_THE_MIDDLE;
  await choose(page, video);
  await eventually("bytes move", () => rows(page), ([only]) => /Sending [1-9]/.test(only?.words ?? ""));
  await row(page, "site walk.mp4").getByRole("button", { name: /^Pause/ }).click();
  await allRows(page, ["paused"]);
  // The row says so at once; the worker, and what tells this test of requests, hear of it a moment later.
  await eventually("no PUT is open, and none begins", () => puts.quietMs(), (ms) => ms > 500);
  const begun = puts.begun;
  await page.waitForTimeout(700);
  assert.equal(puts.begun, begun, "a paused upload starts no request");
  assert.equal((await service.photos()).length, before, "nor was it sent to its end");
  gate.bytesPerSecond = Infinity;
  await row(page, "site walk.mp4").getByRole("button", { name: /^Resume site/ }).click();
  await allRows(page, ["stored"], 120_000);
  const photos = await service.photos();
  assert.equal(photos.length, before + 1);
  assert.equal(await sha256OfUrl(photos[0].url), await sha256OfFile(video));
  await page.context().close();
});
