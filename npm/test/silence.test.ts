import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { listenTo, Silence } from "../src/silence.js";
import { settle } from "./fake-worker.js";

beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

test("whatever is heard of in time may take as long as it takes", () => {
  const silence = new Silence(30_000);
  for (let piece = 0; piece < 100; piece += 1) {
    mock.timers.tick(29_000);
    silence.heard();
  }
  assert.equal(silence.signal.aborted, false);
  mock.timers.tick(30_000);
  assert.equal(silence.signal.aborted, true);
});

test("what is over is not given up", () => {
  const silence = new Silence(30_000);
  silence.end();
  mock.timers.tick(60_000);
  assert.equal(silence.signal.aborted, false);
});

test("a sign of life that comes when it is over changes nothing", () => {
  const silence = new Silence(30_000);
  silence.end();
  silence.heard();
  mock.timers.tick(60_000);
  assert.equal(silence.signal.aborted, false);
});

test("whoever asked gives it up at any time until it is over", () => {
  const asker = new AbortController();
  const [before, after] = [new Silence(30_000, asker.signal), new Silence(30_000, asker.signal)];
  after.end();
  asker.abort();
  assert.deepEqual([before.signal.aborted, after.signal.aborted], [true, false]);
  assert.equal(new Silence(30_000, asker.signal).signal.aborted, true);
});

test("a body that stops coming is given up, and one that comes slowly is not", async () => {
  const silence = new Silence(30_000);
  let more: (bytes: Uint8Array) => void = () => undefined;
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      more = (bytes) => controller.enqueue(bytes);
    },
  });
  void listenTo(new Response(body), silence);
  for (let piece = 0; piece < 5; piece += 1) {
    mock.timers.tick(25_000);
    more(Uint8Array.of(piece));
    await settle();
  }
  assert.equal(silence.signal.aborted, false);
  mock.timers.tick(30_000);
  assert.equal(silence.signal.aborted, true);
});

test("when the network is back a request has a moment to show that it is alive", () => {
  const page = new EventTarget();
  const { addEventListener } = globalThis;
  globalThis.addEventListener = page.addEventListener.bind(page) as typeof addEventListener;
  try {
    const silence = new Silence(30_000);
    mock.timers.tick(1_000);
    page.dispatchEvent(new Event("online"));
    mock.timers.tick(4_000);
    assert.equal(silence.signal.aborted, true);
  } finally {
    globalThis.addEventListener = addEventListener;
  }
});
