import assert from "node:assert/strict";
import { mock, test } from "node:test";

import type { UploadEvent } from "../src/generated/UploadEvent";
import { TokenSource } from "../src/token.js";
import { UploadLink } from "../src/workers/upload-link.js";
import { FakeWorker, settle } from "./fake-worker.js";

interface Harness {
  link: UploadLink;
  workers: FakeWorker[];
  events: UploadEvent[];
  failures: [string, string][];
}

function harness(token: () => Promise<string> = async () => "jwt", compile?: () => Promise<WebAssembly.Module>): Harness {
  const workers: FakeWorker[] = [];
  const events: UploadEvent[] = [];
  const failures: [string, string][] = [];
  const link = new UploadLink({
    startWorker: async () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    compile: compile ?? (async () => ({}) as WebAssembly.Module),
    config: { endpoint: "https://photos.example.com", project: "job-7" },
    tokens: new TokenSource(token),
    onEvent: (event) => events.push(event),
    onFailed: (clientRef, error) => failures.push([clientRef, error.code]),
  });
  return { link, workers, events, failures };
}

const description = (filename: string) => ({ filename, content_type: "image/jpeg" });
const file = new Blob(["photo"]);

function kinds(worker: FakeWorker | undefined): string[] {
  return (worker?.received ?? []).map((message) => {
    const { kind, clientRef } = message as { kind: string; clientRef?: string };
    return clientRef === undefined ? kind : `${kind} ${clientRef}`;
  });
}

test("the first file starts the worker, and files that come meanwhile go along once", async () => {
  const { link, workers } = harness();
  link.add("a", file, description("a.jpg"));
  link.add("b", file, description("b.jpg"));
  await settle();
  link.add("c", file, description("c.jpg"));
  assert.equal(workers.length, 1);
  assert.deepEqual(kinds(workers[0]), ["start", "online", "add a", "add b", "add c"]);
  link.close();
  assert.equal(workers[0]?.terminated, true);
});

test("the worker gets its token by message; two questions at once are one call", async () => {
  let calls = 0;
  const { link, workers } = harness(async () => {
    calls += 1;
    await settle();
    return `jwt-${calls}`;
  });
  link.add("a", file, description("a.jpg"));
  await settle();
  workers[0]?.say({ kind: "token", question: 1 });
  workers[0]?.say({ kind: "token", question: 2 });
  await settle();
  await settle();
  assert.equal(calls, 1);
  assert.deepEqual(workers[0]?.received.slice(-2), [
    { kind: "token", question: 1, token: "jwt-1" },
    { kind: "token", question: 2, token: "jwt-1" },
  ]);
  link.close();
});

test("the worker can be started ahead of the first file, and once only", async () => {
  const { link, workers } = harness();
  link.warm();
  link.warm();
  await settle();
  link.warm();
  assert.deepEqual(workers.map(kinds), [["start", "online"]]);
  link.add("a", file, description("a.jpg"));
  assert.deepEqual(workers.map(kinds), [["start", "online", "add a"]]);
  link.close();
});

test("while files are on their way here a token is fetched, which answers the first question and no other", async () => {
  let calls = 0;
  const { link, workers } = harness(async () => `jwt-${(calls += 1)}`);
  link.expectFiles();
  link.expectFiles();
  await settle();
  assert.equal(calls, 1);
  link.add("a", file, description("a.jpg"));
  for (const question of [1, 2]) {
    workers[0]?.say({ kind: "token", question });
    await settle();
  }
  assert.deepEqual(workers[0]?.received.slice(-2), [
    { kind: "token", question: 1, token: "jwt-1" },
    { kind: "token", question: 2, token: "jwt-2" },
  ]);
  link.close();
});

test("a worker that dies with nothing to send is started again with the next file", async () => {
  const { link, workers } = harness();
  link.warm();
  await settle();
  workers[0]?.crash("out of memory");
  await settle();
  assert.equal(workers.length, 1);
  link.add("a", file, description("a.jpg"));
  await settle();
  assert.deepEqual(kinds(workers[1]), ["start", "online", "add a"]);
  link.close();
});

test("a token function that fails is answered, not left open", async () => {
  const { link, workers } = harness(async () => {
    throw new Error("signed out");
  });
  link.add("a", file, description("a.jpg"));
  await settle();
  workers[0]?.say({ kind: "token", question: 1 });
  await settle();
  const answer = workers[0]?.received.at(-1) as { kind: string; error: { code: string; message: string } };
  assert.equal(answer.kind, "no-token");
  assert.equal(answer.error.code, "token_unavailable");
  assert.match(answer.error.message, /signed out/);
  link.close();
});

test("after a trap a new worker gets what had not ended, paused where it was", async () => {
  const { link, workers, failures } = harness();
  for (const name of ["a", "b", "c"]) {
    link.add(name, file, description(`${name}.jpg`));
  }
  await settle();
  link.pause("b");
  workers[0]?.say({ kind: "event", event: { type: "failed", client_ref: "a", error: {} } });
  workers[0]?.say({ kind: "trapped", message: "unreachable" });
  await settle();
  assert.equal(workers[0]?.terminated, true);
  assert.deepEqual(kinds(workers[1]), ["start", "online", "add b", "pause b", "add c"]);
  assert.deepEqual(failures, []);
  link.close();
});

test("a worker that keeps dying fails its files instead of trying for ever", async () => {
  const { link, workers, failures } = harness();
  link.add("a", file, description("a.jpg"));
  for (let crash = 0; crash < 3; crash += 1) {
    await settle();
    workers[crash]?.crash("out of memory");
  }
  await settle();
  assert.equal(workers.length, 3);
  assert.deepEqual(failures, [["a", "worker_crashed"]]);
  link.close();
});

test("a module that is not there fails the files, and a later file tries again", async () => {
  let attempts = 0;
  const { link, workers, failures } = harness(undefined, async () => {
    attempts += 1;
    if (attempts === 1) {
      throw Object.assign(new Error("status 404"), { code: "wasm_unavailable", retryable: false });
    }
    return {} as WebAssembly.Module;
  });
  link.add("a", file, description("a.jpg"));
  await settle();
  assert.deepEqual(failures, [["a", "wasm_unavailable"]]);
  assert.equal(workers[0]?.terminated, true, "a worker without its module is of no use");
  link.add("b", file, description("b.jpg"));
  await settle();
  assert.deepEqual(kinds(workers[1]), ["start", "online", "add b"]);
  link.close();
});

test("a module that the network keeps away is waited for, and the files with it", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let attempts = 0;
    const { link, workers, failures, events } = harness(undefined, async () => {
      attempts += 1;
      if (attempts <= 10) {
        throw Object.assign(new Error("no network"), { code: "wasm_unavailable", retryable: true });
      }
      return {} as WebAssembly.Module;
    });
    link.add("a", file, description("a.jpg"));
    await settle();
    link.add("b", file, description("b.jpg"));
    assert.equal(attempts, 1, "the second file does not ask sooner");
    const waiting = (client_ref: string) => ({ type: "phase", client_ref, phase: "waiting_for_network", reason: null });
    assert.deepEqual(events, [waiting("a"), waiting("b")]);
    for (let tried = 2; tried <= 9; tried += 1) {
      mock.timers.tick(30_000);
      await settle();
      assert.equal(attempts, tried, "never given up");
    }
    link.setOnline(true);
    await settle();
    assert.equal(attempts, 10, "at once when the network may be back");
    mock.timers.tick(2_000);
    await settle();
    assert.deepEqual(kinds(workers.at(-1)), ["start", "online", "add a", "add b"]);
    assert.deepEqual(failures, []);
    link.close();
  } finally {
    mock.timers.reset();
  }
});

test("what is added under the name of a cancelled file is sent again by a new worker", async () => {
  const { link, workers } = harness();
  link.add("a", file, description("a.jpg"));
  await settle();
  link.cancel("a");
  link.add("a", file, description("a.jpg"));
  workers[0]?.say({ kind: "event", event: { type: "cancelled", client_ref: "a" } });
  workers[0]?.crash("out of memory");
  await settle();
  assert.deepEqual(kinds(workers[1]), ["start", "online", "add a"]);
  link.close();
});

test("only what the worker has does the worker end", async () => {
  const { link, workers, events } = harness();
  link.add("a", file, description("a.jpg"));
  assert.equal(link.cancel("a"), false, "it was not there yet");
  await settle();
  assert.deepEqual(kinds(workers[0]), ["start", "online"]);
  link.add("a", file, description("a.jpg"));
  assert.equal(link.cancel("a"), true);
  assert.equal(link.cancel("a"), false, "once is enough");
  link.add("a", file, description("a.jpg"));
  assert.equal(link.cancel("a"), false, "the second of that name was still held back");
  workers[0]?.say({ kind: "refused", clientRef: "a", error: { code: "invalid_options", message: "What was cancelled was wrong." } });
  assert.deepEqual(events, [{ type: "cancelled", client_ref: "a" }]);
  assert.deepEqual(kinds(workers[0]), ["start", "online", "add a", "cancel a"]);
  link.close();
});

test("a cancelled file is not sent again by a new worker", async () => {
  const { link, workers } = harness();
  link.add("a", file, description("a.jpg"));
  link.add("b", file, description("b.jpg"));
  await settle();
  link.cancel("a");
  assert.equal(kinds(workers[0]).at(-1), "cancel a");
  workers[0]?.crash("gone");
  await settle();
  assert.deepEqual(kinds(workers[1]), ["start", "online", "add b"]);
  link.close();
});
