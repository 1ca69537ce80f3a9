import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Requests } from "../src/requests.js";
import { TokenSource } from "../src/token.js";
import { settle } from "./fake-worker.js";

let page: EventTarget;
const { addEventListener } = globalThis;

beforeEach(() => {
  page = new EventTarget();
  globalThis.addEventListener = page.addEventListener.bind(page) as typeof addEventListener;
  mock.timers.enable({ apis: ["setTimeout"] });
});
afterEach(() => {
  globalThis.addEventListener = addEventListener;
  mock.timers.reset();
  mock.restoreAll();
});

/** A service that answers what it is told to, when it is told to, and the requests that wait for it. */
function service() {
  const waiting: { method: string; given: AbortSignal; answer: (response: Response) => void }[] = [];
  mock.method(globalThis, "fetch", (_: string, { method = "", signal }: RequestInit) => {
    const given = signal as AbortSignal;
    return new Promise<Response>((answer, reject) => {
      waiting.push({ method, given, answer });
      given.addEventListener("abort", () => reject(given.reason));
    });
  });
  return { waiting, requests: new Requests("https://photos.example", new TokenSource(() => "t")) };
}

test("a question that nobody answers is asked once more, and then given up", async () => {
  const { requests, waiting } = service();
  const refused = assert.rejects(requests.send("GET", "/photos"), { code: "network", retryable: true });
  await settle();
  mock.timers.tick(29_000);
  await settle();
  assert.equal(waiting.length, 1, "an answer may take its time on a weak line");
  mock.timers.tick(1_000);
  await settle();
  assert.equal(waiting.length, 2);
  mock.timers.tick(30_000);
  await refused;
});

test("when the network is back a question on a dead connection is asked anew, soon", async () => {
  const { requests, waiting } = service();
  const asked = requests.send("GET", "/photos");
  await settle();
  page.dispatchEvent(new Event("online"));
  mock.timers.tick(4_000);
  await settle();
  assert.equal(waiting[0]?.given.aborted, true);
  waiting[1]?.answer(Response.json({ photos: [] }));
  assert.deepEqual(await asked, { photos: [] });
});

test("what changes something is not sent twice: nobody knows whether it was done", async () => {
  const { requests, waiting } = service();
  const refused = assert.rejects(requests.send("POST", "/links", undefined, {}), { code: "network" });
  await settle();
  mock.timers.tick(30_000);
  await refused;
  assert.equal(waiting.length, 1);
});

test("an answer that comes slowly is waited for, and one that breaks off is not", async () => {
  const { requests, waiting } = service();
  let body!: ReadableStreamDefaultController<Uint8Array>;
  const begin = async (): Promise<void> => {
    await settle();
    const { given, answer } = waiting.at(-1) ?? assert.fail();
    answer(new Response(new ReadableStream({ start: (controller) => void (body = controller) })));
    // As browsers do with the body of a request that is aborted.
    given.addEventListener("abort", () => body.error(given.reason));
    await settle();
  };
  const slow = requests.send("GET", "/photos");
  await begin();
  for (const piece of ["[1", ",2", ",3]"]) {
    mock.timers.tick(25_000);
    body.enqueue(new TextEncoder().encode(piece));
    await settle();
  }
  body.close();
  assert.deepEqual(await slow, [1, 2, 3]);

  const refused = assert.rejects(requests.send("PATCH", "/photos/1"), { code: "network" });
  await begin();
  mock.timers.tick(30_000);
  await refused;
});

test("whoever asked can call it off, also while the answer comes, and is not listened to for longer", async () => {
  const { requests, waiting } = service();
  const asker = new AbortController();
  const refused = assert.rejects(requests.send("GET", "/photos", asker.signal), { code: "cancelled" });
  await settle();
  asker.abort();
  await refused;
  assert.equal(waiting.length, 1);

  const { signal } = new AbortController();
  const removed = mock.method(signal, "removeEventListener");
  const asked = requests.send("GET", "/photos", signal);
  await settle();
  waiting[1]?.answer(Response.json({}));
  await asked;
  assert.equal(removed.mock.callCount(), 1);
});

test("a page that somebody else answers with is no answer of the service's, whatever its status", async () => {
  const { requests, waiting } = service();
  const answered = async (method: string, answer: Response): Promise<unknown> => {
    const asked = requests.send(method, "/photos/1");
    await settle();
    waiting.at(-1)?.answer(answer);
    return asked;
  };
  const portal = (): Response => new Response("<p>Welcome to our guest network</p>");
  // `null` would stand for a photo that is gone, and any answer for one that was deleted.
  await assert.rejects(answered("GET", portal()), { code: "network", message: /status 200/ });
  await assert.rejects(answered("DELETE", portal()), { code: "network" });
  await assert.rejects(answered("GET", new Response("")), { code: "network" });
  assert.equal(await answered("DELETE", new Response(null, { status: 204 })), null);
});

test("of several requests that are refused one token, one after the other, one has it replaced", async () => {
  const used: string[] = [];
  const answers: ((response: Response) => void)[] = [];
  mock.method(globalThis, "fetch", (_: string, { headers }: RequestInit) => {
    used.push((headers as Record<string, string>)["authorization"] ?? "");
    return new Promise<Response>((answer) => answers.push(answer));
  });
  let asked = 0;
  const requests = new Requests("https://photos.example", new TokenSource(() => `t${(asked += 1)}`));
  const refusal = () => Response.json({ code: "token_expired", detail: "It is too old." }, { status: 401 });
  const areSent = async (count: number): Promise<void> => {
    while (used.length < count) {
      await settle();
    }
  };
  const both = Promise.all([requests.send("GET", "/photos"), requests.send("GET", "/photos/1")]);
  await areSent(2);
  answers[0]?.(refusal());
  await areSent(3);
  answers[1]?.(refusal());
  await areSent(4);
  answers[2]?.(Response.json({ photos: [] }));
  answers[3]?.(Response.json({ photo_id: "1" }));
  assert.deepEqual(await both, [{ photos: [] }, { photo_id: "1" }]);
  assert.deepEqual(used, ["Bearer t1", "Bearer t1", "Bearer t2", "Bearer t2"]);
  assert.equal(asked, 2);
});
