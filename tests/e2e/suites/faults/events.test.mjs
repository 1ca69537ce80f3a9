/** F27: what a network does to streams of events, by the fault proxy before the service. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Bucket } from "../../harness/bucket.mjs";
import { fixture, sha256OfFile } from "../../harness/bytes.mjs";
import { choose, eventually, launch, openPage } from "../../harness/browser.mjs";
import { FaultProxy } from "../../harness/fault-proxy.mjs";
import { areStored, nothingLiesAbout } from "../../harness/invariants.mjs";
import { startRunning, took } from "../../harness/running-clock.mjs";
import { Service } from "../../harness/service.mjs";
import { allRows } from "../../harness/uploader.mjs";

const EVENTS = { front: "service", method: "GET", path: "^/api/v1/events$" };
/** How long a stream lives; the row's 30 s with `cargo xtask test faults --long`. */
const CUT_AFTER_MS = process.env.WINDLASS_LONG ? 30_000 : 700;
/** The pass line of F27: the last state is seen this soon after the stream was lost. */
const SOON_MS = 5_000;
let service;
let browser;
let proxy;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  proxy = await FaultProxy.start({ service: new URL(service.address).host });
});
after(async () => {
  await browser?.close();
  await proxy?.stop();
  await service?.stop();
});

const gallery = (page) => page.locator("windlass-gallery");
const liveState = (page) => gallery(page).evaluate(({ live }) => live);
const captions = (page) => gallery(page).evaluate(({ photos }) => photos.map(({ caption }) => caption));

/** In the page: which events its streams have told, by their ids, in that order. */
function noteEvents() {
  globalThis.told = [];
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (type, heard, ...rest) {
    const noting = (event) => {
      if (type.startsWith("photo.")) globalThis.told.push({ type, id: event.lastEventId });
      return heard.call(this, event);
    };
    return listen.call(this, type, noting, ...rest);
  };
}

/** A page behind the proxy with one photo, and the words to change it with. */
async function watching() {
  await proxy.rules();
  const page = await openPage(browser, proxy.fronts.service, { first: `(${noteEvents})(); (${startRunning})()` });
  await eventually("the gallery is live", () => liveState(page), (state) => state === "live");
  await choose(page, fixture("photo_2mp_o1.jpg"));
  await allRows(page, ["stored"]);
  const photoId = await eventually("the gallery has it", () => gallery(page).evaluate(({ photos }) => photos[0]?.photo_id), Boolean);
  const say = async (caption) => {
    const { status } = await service.api(`/photos/${photoId}`, { method: "PATCH", body: { caption } });
    assert.equal(status, 200);
  };
  const mark = async (body) => {
    const { status } = await service.api(`/photos/${photoId}/status`, { method: "PATCH", body, token: service.token({ scope: "pipeline" }) });
    assert.equal(status, 200);
  };
  const status = () => gallery(page).evaluate(({ photos }, id) => photos.find((photo) => photo.photo_id === id)?.status, photoId);
  const soon = async (what, probe, accept) => {
    const tookMs = await took((work) => page.evaluate(work), () => eventually(what, probe, accept));
    assert.ok(tookMs < SOON_MS, `${what} after ${tookMs} ms`);
  };
  const sees = (caption) => soon(`the page shows “${caption}”`, () => captions(page), (shown) => shown.includes(caption));
  return { page, say, soon, sees, mark, status };
}

test("F27 streams that are cut again and again lose nothing and tell nothing twice", async () => {
  const { page, say, soon, sees, mark, status } = await watching();
  const told = () => page.evaluate(() => globalThis.told.map(({ type }) => type));
  await eventually("the stream has told of the photo", told, (types) => types.includes("photo.created"));
  await page.evaluate(() => (globalThis.told.length = 0));
  await proxy.forget();
  await proxy.rules({ ...EVENTS, fault: { kind: "cut_response", after_ms: CUT_AFTER_MS } });
  await proxy.connections("reset");
  for (let n = 1; n <= 12; n += 1) {
    await say(`change ${n}`);
    await sees(`change ${n}`);
    if (CUT_AFTER_MS > SOON_MS) await new Promise((resolve) => setTimeout(resolve, SOON_MS));
  }
  await mark({ status: "processing" });
  await mark({ status: "failed", reason: "too dark" });
  await soon("the last state is seen", status, (now) => now === "failed");
  // The gallery asks for the photo itself, and may know its state before the stream that was cut has told of it.
  const heard = await eventually(
    "each change is told",
    () => page.evaluate(() => globalThis.told),
    ({ length }) => length >= 14,
  );
  assert.deepEqual(
    heard.map(({ type }) => type),
    [...Array.from({ length: 12 }, () => "photo.updated"), "photo.status", "photo.status"],
    "each change is told once",
  );
  assert.equal(new Set(heard.map(({ id }) => id)).size, heard.length);
  const streams = (await proxy.requests()).filter(({ path }) => path === "/api/v1/events");
  assert.ok(streams.length >= 3, `the proxy cut ${streams.length} streams`);
  const opened = streams.map(({ query }) => new URLSearchParams(query));
  assert.equal(new Set(opened.map((query) => query.get("ticket"))).size, opened.length, "a ticket is used once");
  const numbers = opened.map((query) => Number(query.get("last_event_id")));
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b), "each goes on from where the last one ended");
  await page.context().close();
});

test("F27 where streams do not get through the page polls, and goes back to the stream", async () => {
  const { page, say, sees } = await watching();
  await proxy.rules({ ...EVENTS, fault: { kind: "drop_before" } });
  await proxy.connections("reset");
  await eventually("it polls", () => liveState(page), (state) => state === "polling");
  await say("heard by asking");
  await sees("heard by asking");
  await proxy.rules();
  await eventually("it is live again", () => liveState(page), (state) => state === "live");
  await say("heard at once");
  await sees("heard at once");
  assert.equal(await liveState(page), "live", "it asks for nothing every few seconds");
  await page.context().close();
});

test("F27 a proxy that holds the stream back is found out", async () => {
  const { page, say, sees } = await watching();
  await proxy.rules({ ...EVENTS, fault: { kind: "stall", at: 0 } });
  await proxy.connections("reset");
  await eventually("it polls", () => liveState(page), (state) => state === "polling");
  await say("heard nevertheless");
  await sees("heard nevertheless");
  await page.context().close();
});

test("F27 the service is restarted: the stream is back and what happened meanwhile is told", async () => {
  const { page, say, sees } = await watching();
  await service.pause();
  assert.ok(!service.log.includes("were cut off"), "streams do not hold the service up when it stops");
  await service.resume();
  await say("after the restart");
  // How long it takes to look again depends on how long the service was away.
  await eventually("it is live again", () => liveState(page), (state) => state === "live");
  await sees("after the restart");
  await page.context().close();
});

test("F27 a page that was away for longer than events are kept looks at the photos", async () => {
  const { page, say, sees } = await watching();
  let asked = 0;
  await page.route("**/api/v1/events?*", (route) => {
    asked += 1;
    const url = new URL(route.request().url());
    url.searchParams.set("last_event_id", "999999");
    return route.continue({ url: url.href });
  });
  await proxy.connections("reset");
  await say("told by the list");
  await sees("told by the list");
  assert.ok(asked > 0, "it asked for what is not kept any more");
  await page.context().close();
});

test("F27 after all of it the photo is there once, byte for byte, and was told to be there once", async () => {
  const world = { service, bucket: new Bucket(service) };
  await areStored(world, "demo", new Map([["photo_2mp_o1.jpg", await sha256OfFile(fixture("photo_2mp_o1.jpg"))]]));
  await nothingLiesAbout(world, "demo");
});
