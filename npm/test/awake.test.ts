import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Awake, WAITING_MS } from "../src/keep/awake.js";
import { begun, screenNeed } from "../src/running.js";
import { Upload, type UploadState } from "../src/upload.js";
import { settle } from "./fake-worker.js";

/** Milliseconds since the test began. */
let now: number;
/** Locks that are held. */
let held: Set<object>;
/** How often one was asked for. */
let requests: number;
const global = globalThis as unknown as { document?: EventTarget & { visibilityState: string } };

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  now = 0;
  mock.method(performance, "now", () => now);
  held = new Set();
  requests = 0;
  const request = async () => {
    requests += 1;
    const lock = { released: false, release: async () => ((lock.released = true), void held.delete(lock)) };
    held.add(lock);
    return lock;
  };
  Object.defineProperty(globalThis, "navigator", { value: { wakeLock: { request } }, configurable: true });
  global.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  delete global.document;
});

function pass(ms: number): void {
  now += ms;
  mock.timers.tick(ms);
}

test("the screen stays on for as long as something is sent", async () => {
  const awake = new Awake();
  awake.want("moving");
  await settle();
  pass(24 * 3_600_000);
  assert.equal(held.size, 1);
  awake.want("none");
  assert.equal(held.size, 0);
});

test("of many files that are chosen at once the first one asks for the screen", async () => {
  const awake = new Awake();
  for (let file = 0; file < 40; file += 1) {
    awake.want("moving", true);
  }
  assert.equal(requests, 1);
  // What is asked by a page that was hidden in the meantime is refused.
  global.document?.dispatchEvent(new Event("visibilitychange"));
  await settle();
  assert.deepEqual([requests, held.size], [2, 1]);
  awake.close();
  assert.equal(held.size, 0);
});

test("where there is no signal the screen goes off after a while, and on again when something arrives", async () => {
  const awake = new Awake();
  awake.want("moving");
  awake.want("waiting");
  await settle();
  pass(WAITING_MS - 1);
  assert.equal(held.size, 1);
  // What is told again and again meanwhile does not begin the wait anew.
  awake.want("waiting");
  pass(1);
  assert.equal(held.size, 0);
  global.document?.dispatchEvent(new Event("visibilitychange"));
  await settle();
  assert.equal(held.size, 0, "also for who looks at the page: it has its own time until it darkens");
  awake.want("moving", true);
  await settle();
  assert.equal(held.size, 1);
  awake.close();
  assert.equal(held.size, 0);
});

test("on a line that takes bytes and lets none through the screen goes off all the same", async () => {
  const awake = new Awake();
  const attempt = async (waitsMs: number, takesMs: number) => {
    awake.want("waiting");
    await settle();
    pass(waitsMs);
    awake.want("moving");
    await settle();
    pass(takesMs);
  };
  awake.want("moving");
  for (let waited = 0; waited < WAITING_MS; waited += 10_000) {
    assert.equal(held.size, 1, `after ${waited} ms`);
    await attempt(10_000, 30_000);
  }
  assert.equal(held.size, 0);
  await attempt(10_000, 30_000);
  assert.equal(held.size, 0, "nor does the next attempt light it");
  awake.want("moving", true);
  await settle();
  assert.equal(held.size, 1, "what has arrived does");
  await attempt(WAITING_MS - 1, 1);
  assert.equal(held.size, 1, "and it is waited for as long as at first");
  awake.close();
});

test("an upload that moves slowly after a setback keeps the screen on for as long as it takes", async () => {
  const awake = new Awake();
  awake.want("waiting");
  pass(5_000);
  awake.want("moving");
  await settle();
  pass(3_600_000);
  assert.equal(held.size, 1);
  awake.close();
});

test("more of an upload has arrived when more of it is confirmed, and not when more is handed over", () => {
  const commands = { pause: () => {}, resume: () => {}, cancel: () => {}, retry: (upload: Upload) => upload };
  const upload = new Upload(commands, "a", new Blob(["x"]), "roof.jpg");
  const counts = (confirmed_bytes: number, sent_bytes: number) => ({ ...upload.progress, confirmed_bytes, sent_bytes });
  assert.equal(upload.setProgress(counts(0, 500)), false);
  assert.equal(upload.setProgress(counts(100, 500)), true);
  assert.equal(upload.setProgress(counts(100, 900)), false);
});

test("what is queued needs the screen for as long as what is before it does", () => {
  const commands = { pause: () => {}, resume: () => {}, cancel: () => {}, retry: (upload: Upload) => upload };
  const inState = (state: UploadState, paused = false) => {
    const upload = new Upload(commands, state, new Blob(["x"]), "roof.jpg");
    upload.setState(state, null);
    return begun(upload, { paused, resumed: false, again: false });
  };
  assert.equal(screenNeed([]), "none");
  assert.equal(screenNeed([inState("uploading", true), inState("waiting_for_wifi")]), "none");
  assert.equal(screenNeed([inState("queued")]), "moving");
  assert.equal(screenNeed([inState("retrying"), inState("queued"), inState("preparing")]), "waiting", "its turn has not come");
  assert.equal(screenNeed([inState("retrying"), { ...inState("preparing"), isAhead: true }]), "moving");
  assert.equal(screenNeed([inState("waiting_for_network"), inState("queued"), inState("checking")]), "moving");
});
