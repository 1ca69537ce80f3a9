import assert from "node:assert/strict";
import { mock, test } from "node:test";

import type { ToKeepWorker } from "../src/keep/messages.js";
import { WorkerLine } from "../src/keep/worker-line.js";
import { FakeWorker } from "./fake-worker.js";
import { keptRecord } from "./kept-record.js";

const GREETING: ToKeepWorker = { kind: "start", namespace: "n", session: "s" };
const paused = (clientRef: string): ToKeepWorker => ({ kind: "paused", clientRef, paused: true });

/** A line whose workers a test answers for, and how often it was told that there is none. */
function lineOf(): { line: WorkerLine; workers: FakeWorker[]; told: { absent: number; broken: number } } {
  const workers: FakeWorker[] = [];
  const told = { absent: 0, broken: 0 };
  const line = new WorkerLine({
    startWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    greeting: GREETING,
    onMessage: () => undefined,
    onAbsent: () => (told.absent += 1),
    onBroken: () => (told.broken += 1),
  });
  return { line, workers, told };
}

test("what is said before the worker runs is heard when it does, in its order", () => {
  const { line, workers } = lineOf();
  line.send(paused("a"));
  line.send(paused("b"));
  assert.deepEqual(workers[0]?.received, []);
  workers[0]?.say({ kind: "ready" });
  line.send(paused("c"));
  assert.deepEqual(workers[0]?.received, [GREETING, paused("a"), paused("b"), paused("c")]);
});

test("a script that cannot be had is asked for again, and hears everything then", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { line, workers, told } = lineOf();
    line.send(paused("a"));
    workers[0]?.crash("");
    assert.deepEqual(told, { absent: 1, broken: 0 });
    line.send(paused("b"));
    assert.equal(workers.length, 1, "not at once");
    mock.timers.tick(2_000);
    workers[1]?.crash("");
    line.wake();
    assert.equal(workers.length, 3, "at once when the network may be back");
    workers[2]?.say({ kind: "ready" });
    assert.deepEqual(workers[2]?.received, [GREETING, paused("a"), paused("b")]);
  } finally {
    mock.timers.reset();
  }
});

test("of what has ended before there is a worker nothing is held back but that", () => {
  const { line, workers } = lineOf();
  const keep = (clientRef: string): ToKeepWorker => ({
    kind: "keep",
    upload: keptRecord(clientRef, new Blob()),
    file: new Blob(),
    handle: null,
    onWifi: false,
  });
  const forget: ToKeepWorker = { kind: "forget", clientRef: "a" };
  [keep("a"), paused("b"), paused("a"), forget, paused("a")].forEach((message) => line.send(message));
  workers[0]?.say({ kind: "ready" });
  assert.deepEqual(workers[0]?.received, [GREETING, paused("b"), forget, paused("a")]);
});

test("a tab that is to be watched is held back once, however often it is heard of before the worker runs", () => {
  const { line, workers } = lineOf();
  const watch = (session: string): ToKeepWorker => ({ kind: "watch", session });
  for (const session of ["one", "other", "one", "other", "one"]) {
    line.send(watch(session));
  }
  workers[0]?.say({ kind: "ready" });
  line.send(watch("one"));
  assert.deepEqual(workers[0]?.received, [GREETING, watch("one"), watch("other"), watch("one")]);
});

test("a worker that breaks while it runs is not asked for again", () => {
  const { line, workers, told } = lineOf();
  line.send(paused("a"));
  workers[0]?.say({ kind: "ready" });
  workers[0]?.crash("it ran out of memory");
  assert.deepEqual(told, { absent: 0, broken: 1 });
  assert.equal(workers.length, 1);
});

test("a worker that breaks before it listens is not asked for again, and nothing is held back for it", () => {
  const { line, workers, told } = lineOf();
  line.send(paused("a"));
  workers[0]?.crash("a module of another version");
  assert.deepEqual(told, { absent: 0, broken: 1 });
  assert.equal(workers[0]?.terminated, true);
  assert.equal(line.isOver, true);
  line.send(paused("b"));
  workers[0]?.say({ kind: "ready" });
  assert.deepEqual(workers[0]?.received, [GREETING]);
  assert.equal(workers.length, 1);
});

test("a worker that the browser refuses at once stops nobody, and is not asked for again", () => {
  let refused = 0;
  let broken = 0;
  const line = new WorkerLine({
    startWorker: () => {
      refused += 1;
      throw new DOMException("It is of another origin.", "SecurityError");
    },
    greeting: GREETING,
    onMessage: () => undefined,
    onAbsent: () => assert.fail("it will not come later"),
    onBroken: () => (broken += 1),
  });
  line.send(paused("a"));
  line.send(paused("b"));
  assert.deepEqual([refused, broken, line.isOver], [1, 1, true]);
  line.close({ kind: "close" });
});

test("a script that neither comes nor fails is asked for again, and that is told", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { line, workers, told } = lineOf();
    line.send(paused("a"));
    mock.timers.tick(60_000);
    assert.deepEqual(told, { absent: 1, broken: 0 });
    assert.equal(workers[0]?.terminated, true);
    mock.timers.tick(2_000);
    workers[1]?.say({ kind: "ready" });
    assert.deepEqual(workers[1]?.received, [GREETING, paused("a")]);
    mock.timers.tick(120_000);
    assert.deepEqual(told, { absent: 1, broken: 0 });
  } finally {
    mock.timers.reset();
  }
});
