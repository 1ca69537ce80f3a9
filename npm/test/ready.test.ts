import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { startReady, withModule } from "../src/workers/ready.js";
import { FakeWorker, settle } from "./fake-worker.js";

const script = new URL("https://photos.example.com/windlass/image.worker.js");

/** Workers that a test answers for, and a network that answers with these statuses or types, or not at all. */
function starting(...answers: (number | string | null)[]): { workers: FakeWorker[]; started: Promise<unknown> } {
  mock.method(globalThis, "fetch", async () => {
    const answer = answers.shift() ?? null;
    if (answer === null) {
      throw new TypeError("Failed to fetch");
    }
    const [status, type] = typeof answer === "number" ? [answer, "text/javascript"] : [200, answer];
    return new Response(null, { status, headers: { "content-type": type } });
  });
  const workers: FakeWorker[] = [];
  const started = startReady(() => {
    const worker = new FakeWorker();
    workers.push(worker);
    return worker;
  }, script);
  started.catch(() => undefined);
  return { workers, started };
}

afterEach(() => mock.restoreAll());

test("a worker has started when it says so", async () => {
  const { workers, started } = starting();
  await settle();
  workers[0]?.say({ kind: "ready" });
  assert.equal(await started, workers[0]);
});

test("a script that the network keeps away may come later", async () => {
  const { workers, started } = starting(null);
  workers[0]?.crash("");
  await assert.rejects(started, { code: "wasm_unavailable", retryable: true });
  assert.equal(workers[0]?.terminated, true);
});

test("a script that is not there will not come", async () => {
  const { workers, started } = starting(404);
  workers[0]?.crash("");
  await assert.rejects(started, { code: "wasm_unavailable", retryable: false, message: /status 404/ });
});

test("a network that came back in between is used at once", async () => {
  const { workers, started } = starting(200);
  workers[0]?.crash("");
  await settle();
  workers[1]?.say({ kind: "ready" });
  assert.equal(await started, workers[1]);
});

test("a page that does not allow workers is told so, and nothing is waited for", async () => {
  const { workers, started } = starting(200, 200);
  workers[0]?.crash("");
  await settle();
  workers[1]?.crash("");
  await assert.rejects(started, { code: "wasm_unavailable", retryable: false, message: /worker-src/ });
});

test("whoever is given the page in place of a worker's script is told that the file is missing", async () => {
  const { workers, started } = starting("text/html", "text/html");
  workers[0]?.crash("");
  await settle();
  workers[1]?.crash("");
  const message = /image\.worker\.js is answered as “text\/html”.*beside the script/;
  await assert.rejects(started, { code: "wasm_unavailable", retryable: false, message });
});

test("a worker that breaks at once is not asked for again", async () => {
  const { workers, started } = starting(200);
  workers[0]?.crash("SyntaxError");
  await assert.rejects(started, { code: "worker_crashed" });
  assert.equal(workers.length, 1);
});

test("a worker whose module does not come is ended", async () => {
  const worker = new FakeWorker();
  const module = Promise.reject(new Error("no module"));
  await assert.rejects(withModule(module, Promise.resolve(worker)), /no module/);
  await settle();
  assert.equal(worker.terminated, true);
});

test("a worker and a module that both fail are told once, and nothing is left unheard", async () => {
  const worker = Promise.reject(new Error("no worker"));
  let refuse: (error: Error) => void = () => undefined;
  const module = new Promise<WebAssembly.Module>((_, reject) => {
    refuse = reject;
  });
  const both = withModule(module, worker);
  // A rejection that nobody listens to by now would end the process.
  await settle();
  refuse(new Error("no module"));
  await assert.rejects(both, /no module/);
});

test("what is not there any more is said to need a reload, and may not come by itself", async () => {
  const { workers, started } = starting(404);
  workers[0]?.crash("");
  await assert.rejects(started, { code: "wasm_unavailable", retryable: false, message: /Reload the page/ });
});
