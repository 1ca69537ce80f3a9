import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Awake, WAITING_MS } from "../src/keep/awake.js";
import { begun, screenNeed } from "../src/running.js";
import { Upload, type UploadState } from "../src/upload.js";
import { settle } from "./fake-worker.js";

/** Locks that are held. */
let held: Set<object>;
const global = globalThis as unknown as { document?: EventTarget & { visibilityState: string } };

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  held = new Set();
  const request = async () => {
    const lock = { released: false, release: async () => ((lock.released = true), void held.delete(lock)) };
    held.add(lock);
    return lock;
  };
  Object.defineProperty(globalThis, "navigator", { value: { wakeLock: { request } }, configurable: true });
  global.document = Object.assign(new EventTarget(), { visibilityState: "visible" });
});
afterEach(() => {
  mock.timers.reset();
  delete global.document;
});

test("the screen stays on for as long as something is sent", async () => {
  const awake = new Awake();
  awake.want("moving");
  await settle();
  mock.timers.tick(24 * 3_600_000);
  assert.equal(held.size, 1);
  awake.want("none");
  assert.equal(held.size, 0);
});

test("where there is no signal the screen goes off after a while, and on again when something moves", async () => {
  const awake = new Awake();
  awake.want("moving");
  awake.want("waiting");
  await settle();
  mock.timers.tick(WAITING_MS - 1);
  assert.equal(held.size, 1);
  // What is told again and again meanwhile does not begin the wait anew.
  awake.want("waiting");
  mock.timers.tick(1);
  assert.equal(held.size, 0);
  global.document?.dispatchEvent(new Event("visibilitychange"));
  await settle();
  assert.equal(held.size, 0, "also for who looks at the page: it has its own time until it darkens");
  awake.want("moving");
  await settle();
  assert.equal(held.size, 1);
  awake.close();
  assert.equal(held.size, 0);
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
  assert.equal(screenNeed([inState("retrying"), inState("queued")]), "waiting");
  assert.equal(screenNeed([inState("waiting_for_network"), inState("queued"), inState("checking")]), "moving");
});
