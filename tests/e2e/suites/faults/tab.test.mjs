/** Faults of the tab itself: row F1 of the fault list, a worker that dies, pains 6 and 7. In each engine. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, makeVideo, variation } from "../../harness/bytes.mjs";
import { ENGINE, onlyIn } from "../../harness/engine.mjs";
import { eventually } from "../../harness/eventually.mjs";
import { CREATE, problem } from "../../harness/fault-proxy.mjs";
import { UPLOAD_ID } from "../../harness/invariants.mjs";
import { readKept } from "../../harness/kept.mjs";
import { Scene } from "../../harness/scene.mjs";

const MIB = 1024 * 1024;
/** Of a film of this size. */
const PART = 5 * MIB;
/** The most that is sent at once. */
const CONNECTIONS = 6;
/** The later half of a film of twelve parts waits: however long looking takes, there is something left to send. */
const LATER_HALF = { front: "store", method: "PUT", query: "partNumber=([7-9]|1[0-2])(&|$)", fault: { kind: "hold" } };
/** Nothing is sent before it is taken back: on an open line all could be stored sooner than copied. */
const HELD = { ...CREATE, fault: problem(503, "unavailable", "not yet", { retryAfterS: 1 }) };
const line = (bits) => ({ up_bits_per_s: bits, down_bits_per_s: bits, round_trip_ms: 20 });
let scene;

before(async () => {
  scene = await Scene.open();
});
after(() => scene?.close());

const photos = (prefix, count, name = "photo_2mp_o1.jpg") =>
  Promise.all(
    Array.from({ length: count }, (_, index) => variation(fixture(name), join(scene.folder, `${prefix} ${index}.jpg`), `${prefix} ${index}`)),
  );
const isKept = (visit, count) => eventually(`${count} are kept`, () => visit.run(readKept), ({ whole }) => whole === count);
const nothingIsKept = (visit) => eventually("nothing is kept", () => visit.run(readKept), ({ rows, folders }) => rows === 0 && folders === 0);
const isOnItsWay = ({ ended_ms: ended, request_bytes: bytes, declared_bytes: all }) => ended === null && bytes > 0 && bytes < all;
const isBrokenOff = ({ ended_ms: ended, status }) => ended !== null && status === null;

/** A film of 60 MiB of which three parts are stored, and more on their way: on a line that hardly moves by now. */
async function halfSent(visit, name, seed) {
  const film = await makeVideo(join(scene.folder, name), 60 * MIB, seed);
  await scene.proxy.rules(HELD);
  await visit.choose(film);
  await isKept(visit, 1);
  await scene.proxy.link(line(60_000_000));
  await scene.proxy.rules(LATER_HALF);
  await visit.partsStored(3);
  await scene.proxy.link(line(200_000));
  await scene.proxy.rules();
  await eventually("a part is in the middle", () => visit.puts(), (puts) => puts.some(isOnItsWay));
}

/** What went over the line more than once is no more than what was on its way, and nothing was begun anew. */
async function onlyWhatWasOnItsWay(visit) {
  const puts = await visit.puts();
  const uploads = new Set(puts.map(({ path }) => UPLOAD_ID.exec(path)?.[0]));
  assert.equal(uploads.size, 1, `of one film: ${[...uploads]}`);
  const sent = puts.reduce((sum, { request_bytes: bytes }) => sum + bytes, 0);
  assert.ok(sent <= 60 * MIB + CONNECTIONS * PART, `${sent} bytes were sent`);
}

test("F1 a tab that is closed in the middle of a part and opened again sends only the parts that are missing", async () => {
  const visit = await scene.visit();
  await halfSent(visit, "closed.mp4", 41);
  await visit.leave();
  // What the tab had handed to the system, which on this machine may be a whole part, goes with it. Tab and worker are
  // taken down after it is gone for us: until then a browser repeats a PUT whose connection is reset.
  const breakOff = async () => {
    await scene.proxy.connections("reset");
    return visit.puts();
  };
  const gone = await eventually("nobody sends any more", breakOff, (puts) => puts.every(({ ended_ms: ended }) => ended !== null));
  const how = gone.map(({ status, request_bytes: bytes, declared_bytes: all, outcome }) => `${status} ${bytes}/${all} ${outcome}`);
  assert.ok(gone.some(({ status, request_bytes: bytes, declared_bytes: all }) => status !== 200 && bytes < all), `it was closed in the middle of a part: ${how}`);
  const stored = gone.filter(({ status }) => status === 200).length;
  assert.ok(stored >= 3 && stored < 12, `${stored} parts were stored`);
  await scene.proxy.link();
  await visit.open();
  await visit.ended();
  await nothingIsKept(visit);
  await onlyWhatWasOnItsWay(visit);
  await visit.allStored();
});

// Elsewhere nobody gets at a worker of the page from outside.
test("an upload worker that dies in the middle of a part is replaced, and sends only what is missing", onlyIn("chromium"), async () => {
  const visit = await scene.visit();
  await halfSent(visit, "trapped.mp4", 42);
  const engine = visit.page.workers().find((worker) => worker.url().includes("upload.worker"));
  // What a trap of WebAssembly, or no memory left, looks like from outside.
  await engine.evaluate(() => void setTimeout(() => { throw new WebAssembly.RuntimeError("unreachable"); }, 0)).catch(() => {});
  await eventually(
    "another one is at work",
    () => visit.page.workers().filter((worker) => worker.url().includes("upload.worker")),
    (workers) => workers.length === 1 && workers[0] !== engine,
  );
  await scene.proxy.link();
  await visit.ended();
  await onlyWhatWasOnItsWay(visit);
  await visit.allStored();
});

test("a queue whose last tab is closed stays where no service worker may go on with it, and goes on with the next tab", onlyIn("firefox", "webkit"), async () => {
  const visit = await scene.visit({ serviceWorkerUrl: "windlass-sw.js", variants: [] });
  assert.equal(await visit.run(() => "SyncManager" in globalThis), false, "it has Background Sync: see survives-background.test.mjs");
  await scene.proxy.rules(HELD);
  await visit.choose(...(await photos("left", 2)));
  await isKept(visit, 2);
  await visit.leave();
  await eventually("nobody sends any more", () => visit.puts(), (puts) => puts.every(({ ended_ms: ended }) => ended !== null));
  await scene.proxy.rules();
  await visit.open();
  assert.equal(await visit.run(async () => (await navigator.serviceWorker.getRegistrations()).length), 0, "nobody was asked to");
  await visit.ended();
  assert.deepEqual(await visit.tab.complaints(), []);
  await nothingIsKept(visit);
  await visit.allStored();
});

test("pain 6: everything on its way is broken off again and again, as when a phone changes networks; nothing is taken for a cancel", async () => {
  const visit = await scene.visit();
  await scene.proxy.link(line(12_000_000));
  await visit.choose(...(await photos("handover", 2)), await makeVideo(join(scene.folder, "handover.mp4"), 12 * MIB, 43));
  for (let turn = 1; turn <= 3; turn++) {
    // What was in the middle may have ended by the time of the reset: then there is another one.
    const reset = async () => {
      if ((await visit.puts()).some(isOnItsWay)) await scene.proxy.connections("reset");
      return (await visit.puts()).filter(isBrokenOff).length;
    };
    await eventually("something is broken off in the middle", reset, (count) => count >= turn);
  }
  await visit.ended();
  await visit.allStored();
});

test("pain 7: the screen stays on while something is sent, and no longer", async (context) => {
  const visit = await scene.visit();
  const has = await visit.run(() => {
    if (!("WakeLock" in globalThis)) return false;
    window.locks = [];
    const request = WakeLock.prototype.request;
    WakeLock.prototype.request = async function (kind) {
      const held = await request.call(this, kind);
      window.locks.push(held);
      return held;
    };
    // Whether this machine gives any: a browser without a screen may have none.
    return request.call(navigator.wakeLock, "screen").then((held) => held.release().then(() => true), String);
  });
  // An automated page of WebKit may not.
  assert.ok(has === true || ENGINE === "webkit", `no wake lock in ${ENGINE}: ${has}`);
  if (has !== true) context.diagnostic(`no wake lock: ${has}`);
  const held = () => visit.run(() => window.locks.filter(({ released }) => !released).length);
  await scene.proxy.rules(HELD);
  await visit.choose(...(await photos("awake", 2)));
  if (has === true) {
    await eventually("the screen is kept on, once", held, (count) => count === 1);
    await visit.run(() => document.querySelector("windlass-uploader").client.pause());
    await eventually("not for what is paused", held, (count) => count === 0);
    await visit.run(() => document.querySelector("windlass-uploader").client.resume());
    await eventually("again for what goes on", held, (count) => count === 1);
  }
  await scene.proxy.rules();
  await visit.ended();
  if (has === true) await eventually("and then not", held, (count) => count === 0);
  await visit.allStored();
});

test("the browser asks before the page is left only while something is not kept", async () => {
  const visit = await scene.visit({ variants: [] });
  const asks = () => visit.run(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));
  assert.equal(await asks(), false);
  await scene.proxy.rules(HELD);
  const [photo] = await photos("asks", 1, "photo_12mp_o6.jpg");
  // Asked in the page's very task in which it is chosen, after the element's own listener: soon it is kept.
  await visit.run(() => {
    window.asked = new Promise((done) => {
      document.querySelector("windlass-uploader").shadowRoot.querySelector("input[type=file]").addEventListener(
        "change",
        () => done(!dispatchEvent(new Event("beforeunload", { cancelable: true }))),
        { once: true },
      );
    });
  });
  await visit.choose(photo);
  assert.equal(await visit.run(() => window.asked), true, "it would be lost");
  await isKept(visit, 1);
  await eventually("it does not ask any more", asks, (asking) => !asking);
  await scene.proxy.rules();
  await visit.allStored();
});
