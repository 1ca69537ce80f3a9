/** The service worker's turn. What it sends is tried in browsers; here, what it waits for, and what it leaves. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { drain } from "../src/keep/drain.js";
import type { UploadRow } from "../src/keep/database.js";
import { FakeDatabase } from "./fake-database.js";
import { keptRecord } from "./kept-record.js";

const QUEUE = { endpoint: "https://photos.example.com", project: "p" };
const never = new Promise<never>(() => undefined);

const global = globalThis as unknown as Record<string, unknown>;
const { fetch } = globalThis;
before(() => {
  // The engine looks whether it runs in a worker.
  global["WorkerGlobalScope"] = class {
    static [Symbol.hasInstance](): boolean {
      return true;
    }
  };
  if (!("navigator" in globalThis)) {
    // Of Node's only from 21.
    Object.defineProperty(globalThis, "navigator", { value: {} });
  }
});
after(() => {
  Object.assign(globalThis, { fetch });
  delete global["WorkerGlobalScope"];
  delete global["indexedDB"];
});

test("a token that never comes is not waited for longer than the browser's patience", async () => {
  const timeIsUp = Promise.reject<never>(new Error("There is no time left."));
  timeIsUp.catch(() => undefined);
  let answer: (token: string) => void = () => undefined;
  const token = new Promise<string>((resolve) => (answer = resolve));
  const draining = drain(QUEUE, { token: () => token, module: {} as WebAssembly.Module, timeIsUp });
  const outcome = await Promise.race([draining.catch(String), new Promise((resolve) => setTimeout(resolve, 500, "still waiting"))]);
  assert.equal(outcome, "Error: There is no time left.");
  answer("nobody waits for it any more");
});

/** Drains a queue of one photo, which the service refuses with this code: how that ended, and what is kept then. */
async function drainRefused(code: string): Promise<{ outcome: string; kept: UploadRow[] }> {
  const database = new FakeDatabase();
  const bytes = new Blob(["bytes of roof"]);
  const record = keptRecord("roof", bytes, {
    bytes: "indexed_db",
    prepared: { content_type: "image/jpeg", metadata: null, warnings: [], variants: [] },
  });
  database.put("uploads", { namespace: `${QUEUE.endpoint} ${QUEUE.project}`, ref: "roof", holder: "dead", folder: "of-roof", record, handle: null });
  database.stores.get("blobs")?.set(JSON.stringify(["of-roof", "original"]), bytes);
  global["indexedDB"] = database.asFactory;
  const problem = JSON.stringify({ type: `urn:windlass:problem:${code}`, title: code, status: 403, code, detail: code });
  global["fetch"] = async () => new Response(problem, { status: 403, headers: { "content-type": "application/problem+json" } });
  const module = new WebAssembly.Module(await readFile("src/wasm/generated/windlass_upload_bg.wasm"));
  const outcome = await drain(QUEUE, { token: () => "jwt", module, timeIsUp: never }).then(() => "done", String);
  return { outcome, kept: database.rows("uploads") };
}

test("what may be sent another time is not called done: the browser is to call again", { timeout: 20_000 }, async () => {
  const { outcome, kept } = await drainRefused("quota_exceeded");
  assert.match(outcome, /the rest is sent later/);
  assert.equal(kept.length, 1);
});

test("what the service refuses for what it is has ended: nothing of it is left to be called for", { timeout: 20_000 }, async () => {
  assert.deepEqual(await drainRefused("type_not_allowed"), { outcome: "done", kept: [] });
});

test("a page that is gone before everything was looked at is not waited for", { timeout: 120_000 }, async () => {
  let isGone = false;
  const request = async (_name: string, ...rest: unknown[]): Promise<unknown> => {
    const then = rest.at(-1) as (lock: object | null) => unknown;
    const isLook = rest.length === 2 && (rest[0] as LockOptions).ifAvailable === true;
    if (isLook && !isGone) {
      // It lives when its row is looked at, and dies then.
      isGone = true;
      return then(null);
    }
    return then({});
  };
  Object.defineProperty(navigator, "locks", { value: { request }, configurable: true });
  try {
    assert.deepEqual(await drainRefused("type_not_allowed"), { outcome: "done", kept: [] });
  } finally {
    delete (navigator as unknown as Record<string, unknown>)["locks"];
  }
});
