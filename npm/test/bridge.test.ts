import assert from "node:assert/strict";
import { test } from "node:test";

import { WindlassError } from "../src/errors.js";
import { WorkerPool } from "../src/workers/bridge.js";
import { FakeWorker, settle } from "./fake-worker.js";

function poolOf(size: number, idleMs = 1_000_000): { pool: WorkerPool<string, string>; workers: FakeWorker[] } {
  const workers: FakeWorker[] = [];
  const start = async (): Promise<FakeWorker> => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  };
  return { pool: new WorkerPool(start, { size, idleMs }), workers };
}

const requests = (worker: FakeWorker | undefined): unknown[] =>
  (worker?.received ?? []).map((message) => (message as { request: unknown }).request);

const withCode = (code: string) => (error: unknown) => error instanceof WindlassError && error.code === code;

/** The first worker is gone, and the second one answers what came next. */
async function isReplaced(workers: FakeWorker[], next: Promise<string>): Promise<void> {
  await settle();
  assert.equal(workers[0]?.terminated, true);
  assert.deepEqual(requests(workers[1]), ["next"]);
  workers[1]?.say({ kind: "done", reply: "fine" });
  assert.equal(await next, "fine");
}

test("requests beyond the size of the pool wait their turn, in order", async () => {
  const { pool, workers } = poolOf(2);
  const replies = ["a", "b", "c", "d"].map((request) => pool.run(request));
  await settle();
  assert.deepEqual(workers.map(requests), [["a"], ["b"]]);
  workers[1]?.say({ kind: "done", reply: "B" });
  await settle();
  assert.deepEqual(workers.map(requests), [["a"], ["b", "c"]]);
  workers[0]?.say({ kind: "done", reply: "A" });
  workers[1]?.say({ kind: "done", reply: "C" });
  await settle();
  workers[0]?.say({ kind: "done", reply: "D" });
  assert.deepEqual(await Promise.all(replies), ["A", "B", "C", "D"]);
  assert.equal(workers.length, 2, "no worker is started without need");
  pool.close(new Error("over"));
});

test("what goes first is taken before what waits, and never from under what is being worked on", async () => {
  const { pool, workers } = poolOf(1);
  const replies = [pool.run("read 1"), pool.run("read 2"), pool.run("read 3")];
  await settle();
  replies.push(pool.run("resize 1", { first: true }));
  for (const reply of ["R1", "S1", "R2", "R3"]) {
    workers[0]?.say({ kind: "done", reply });
    await settle();
  }
  assert.deepEqual(requests(workers[0]), ["read 1", "resize 1", "read 2", "read 3"]);
  assert.deepEqual(await Promise.all(replies), ["R1", "R2", "R3", "S1"]);
  pool.close(new Error("over"));
});

test("a worker started ahead is the one that takes the first request, however long that takes to come", async (context) => {
  const { pool, workers } = poolOf(2, 20_000);
  context.mock.timers.enable({ apis: ["setTimeout"] });
  pool.warm();
  pool.warm();
  await settle();
  context.mock.timers.tick(3_600_000);
  await settle();
  assert.deepEqual(workers.map(({ terminated }) => terminated), [false]);
  const reply = pool.run("a");
  await settle();
  assert.deepEqual(workers.map(requests), [["a"]]);
  workers[0]?.say({ kind: "done", reply: "A" });
  assert.equal(await reply, "A");
  pool.close(new Error("over"));
});

test("a worker that could not be started ahead is started with the first request", async () => {
  let attempts = 0;
  const worker = new FakeWorker();
  const pool = new WorkerPool<string, string>(
    async () => {
      attempts += 1;
      if (attempts === 1) {
        throw new WindlassError("wasm_unavailable", "no network");
      }
      return worker;
    },
    { size: 1, idleMs: 1_000_000 },
  );
  pool.warm();
  await settle();
  const reply = pool.run("a");
  await settle();
  worker.say({ kind: "done", reply: "A" });
  assert.equal(await reply, "A");
  pool.close(new Error("over"));
});

test("an ordinary failure rejects its request and keeps the worker", async () => {
  const { pool, workers } = poolOf(1);
  const reply = pool.run("a");
  await settle();
  workers[0]?.say({ kind: "failed", error: { code: "incomplete", message: "half", retryable: false }, trapped: false });
  await assert.rejects(reply, withCode("incomplete"));
  assert.equal(workers[0]?.terminated, false);
  pool.close(new Error("over"));
});

test("what cannot be sent to a worker fails its own request, and the worker takes the next", async () => {
  const { pool, workers } = poolOf(1);
  const unsendable = pool.run((() => "a function") as unknown as string);
  const next = pool.run("next");
  await assert.rejects(unsendable, { name: "DataCloneError" });
  await settle();
  workers[0]?.say({ kind: "done", reply: "fine" });
  assert.equal(await next, "fine");
  assert.equal(workers.length, 1);
  pool.close(new Error("over"));
});

test("a trapped worker is replaced, and only its own request fails", async () => {
  const { pool, workers } = poolOf(1);
  const poisoned = pool.run("poison");
  const next = pool.run("next");
  await settle();
  workers[0]?.say({ kind: "failed", error: { code: "unknown", message: "unreachable", retryable: false }, trapped: true });
  await assert.rejects(poisoned, withCode("worker_crashed"));
  await isReplaced(workers, next);
  pool.close(new Error("over"));
});

test("a worker that dies without a word is replaced as well", async () => {
  const { pool, workers } = poolOf(1);
  const lost = pool.run("a");
  await settle();
  workers[0]?.crash("out of memory");
  await assert.rejects(lost, /out of memory/);
  await isReplaced(workers, pool.run("next"));
  pool.close(new Error("over"));
});

test("a worker that never answers is replaced after two minutes, and only its own request fails", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { pool, workers } = poolOf(1);
  const endless = pool.run("endless");
  const next = pool.run("next");
  await settle();
  for (let seconds = 1; seconds < 120; seconds += 1) {
    context.mock.timers.tick(1_000);
  }
  await settle();
  assert.equal(workers[0]?.terminated, false, "a large picture takes its time");
  context.mock.timers.tick(1_000);
  await assert.rejects(endless, withCode("worker_crashed"));
  await isReplaced(workers, next);
  pool.close(new Error("over"));
});

test("a request is not given up for the hours that its page was asleep", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { pool, workers } = poolOf(1);
  const reply = pool.run("a");
  await settle();
  context.mock.timers.tick(3_600_000);
  await settle();
  assert.equal(workers[0]?.terminated, false);
  workers[0]?.say({ kind: "done", reply: "A" });
  assert.equal(await reply, "A");
  pool.close(new Error("over"));
});

test("the time that one request took is not counted against the next one", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { pool, workers } = poolOf(1);
  for (const request of ["a", "b", "c"]) {
    const reply = pool.run(request);
    await settle();
    for (let seconds = 0; seconds < 110; seconds += 10) {
      context.mock.timers.tick(10_000);
    }
    workers[0]?.say({ kind: "done", reply: request });
    assert.equal(await reply, request);
  }
  assert.equal(workers.length, 1);
  pool.close(new Error("over"));
});

test("aborting a waiting request takes it out of the queue and disturbs nobody", async () => {
  const { pool, workers } = poolOf(1);
  const stop = new AbortController();
  const first = pool.run("a");
  const second = pool.run("b", { signal: stop.signal });
  await settle();
  stop.abort();
  await assert.rejects(second, withCode("cancelled"));
  workers[0]?.say({ kind: "done", reply: "A" });
  assert.equal(await first, "A");
  await settle();
  assert.deepEqual(requests(workers[0]), ["a"]);
  pool.close(new Error("over"));
});

test("aborting a running request ends its worker, and the next gets a new one", async () => {
  const { pool, workers } = poolOf(1);
  const stop = new AbortController();
  const first = pool.run("a", { signal: stop.signal });
  const second = pool.run("b");
  await settle();
  stop.abort();
  await assert.rejects(first, withCode("cancelled"));
  await settle();
  assert.equal(workers[0]?.terminated, true);
  workers[0]?.say({ kind: "done", reply: "too late" });
  workers[1]?.say({ kind: "done", reply: "B" });
  assert.equal(await second, "B");
  pool.close(new Error("over"));
});

test("whoever asks hears when a worker begins with it and when that is over, whatever came of it", async () => {
  const { pool, workers } = poolOf(1);
  const heard: string[] = [];
  const stop = new AbortController();
  const run = (request: string): Promise<unknown> => {
    const onWork = (isAtWork: boolean): void => void heard.push(`${request} ${isAtWork}`);
    return pool.run(request, { onWork, signal: stop.signal }).catch(() => undefined);
  };
  const first = run("done");
  const second = run("broken");
  await settle();
  workers[0]?.say({ kind: "done", reply: "A" });
  await first;
  assert.deepEqual(heard.splice(0), ["done true", "done false", "broken true"]);
  workers[0]?.say({ kind: "failed", error: { code: "corrupt", message: "It is damaged." }, trapped: true });
  await second;
  const third = run("aborted");
  const fourth = run("waiting");
  await settle();
  stop.abort();
  await Promise.all([third, fourth]);
  assert.deepEqual(heard.splice(0), ["broken false", "aborted true", "aborted false"]);
  void pool.run("closed", { onWork: (isAtWork) => void heard.push(`closed ${isAtWork}`) }).catch(() => undefined);
  await settle();
  pool.close(new Error("over"));
  assert.deepEqual(heard, ["closed true", "closed false"], "before anybody is told that it is over");
});

test("a request that is aborted already starts nothing", async () => {
  const { pool, workers } = poolOf(1);
  await assert.rejects(pool.run("a", { signal: AbortSignal.abort() }), withCode("cancelled"));
  assert.equal(workers.length, 0);
});

test("an idle worker is let go, and started again when there is work", async (context) => {
  const { pool, workers } = poolOf(1, 20_000);
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const first = pool.run("a");
  await settle();
  workers[0]?.say({ kind: "done", reply: "A" });
  await first;
  context.mock.timers.tick(19_999);
  await settle();
  assert.equal(workers[0]?.terminated, false);
  context.mock.timers.tick(1);
  await settle();
  assert.equal(workers[0]?.terminated, true);
  void pool.run("b").catch(() => undefined);
  await settle();
  assert.equal(workers.length, 2);
  pool.close(new Error("over"));
});

test("a worker that cannot start fails the request, and the next request tries again", async () => {
  let attempts = 0;
  const worker = new FakeWorker();
  const pool = new WorkerPool<string, string>(
    async () => {
      attempts += 1;
      if (attempts === 1) {
        throw new WindlassError("wasm_unavailable", "no network");
      }
      return worker;
    },
    { size: 1, idleMs: 1_000_000 },
  );
  await assert.rejects(pool.run("a"), withCode("wasm_unavailable"));
  const second = pool.run("b");
  await settle();
  worker.say({ kind: "done", reply: "B" });
  assert.equal(await second, "B");
  pool.close(new Error("over"));
});

test("closing rejects what runs and what waits, and ends all workers", async () => {
  const { pool, workers } = poolOf(1);
  const replies = [pool.run("a"), pool.run("b")];
  await settle();
  pool.close(new WindlassError("closed", "over"));
  for (const reply of replies) {
    await assert.rejects(reply, withCode("closed"));
  }
  await settle();
  assert.equal(workers[0]?.terminated, true);
});

test("a closed pool starts no worker any more", async () => {
  const { pool, workers } = poolOf(1);
  pool.close(new Error("over"));
  await assert.rejects(pool.run("late"), /over/);
  pool.warm();
  await settle();
  assert.equal(workers.length, 0);
});
