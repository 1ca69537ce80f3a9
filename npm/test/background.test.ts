/** Which service worker is asked to finish the queue. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Background } from "../src/keep/background.js";
import { settle } from "./fake-worker.js";

const ORIGIN = "https://app.example.com";

/** The service workers of an origin, as the page at `page` sees them. */
class FakeContainer {
  /** Scripts by their scope. */
  readonly scopes = new Map<string, string>();
  readonly synced: string[] = [];
  page = `${ORIGIN}/jobs/7`;

  async getRegistration(address: string): Promise<object | undefined> {
    const [scope] = [...this.scopes.keys()].filter((each) => address.startsWith(each)).sort((a, b) => b.length - a.length);
    return scope === undefined ? undefined : this.#registration(scope);
  }

  async register(script: URL): Promise<object> {
    const scope = new URL("./", script).href;
    this.scopes.set(scope, script.href);
    return this.#registration(scope);
  }

  get ready(): Promise<object> {
    return this.getRegistration(this.page).then((found) => found ?? new Promise<never>(() => undefined));
  }

  #registration(scope: string): object {
    const scriptURL = String(this.scopes.get(scope));
    const sync = { register: async (tag: string) => void this.synced.push(`${tag} ${scriptURL}`) };
    return { scope, installing: null, waiting: null, active: { scriptURL }, sync };
  }
}

let container: FakeContainer;
let warned: string[];
const stubs: Record<string, unknown> = {};
const stub = (name: string, value: unknown): void => {
  stubs[name] = Object.getOwnPropertyDescriptor(globalThis, name);
  Object.defineProperty(globalThis, name, { value, configurable: true });
};

beforeEach(() => {
  container = new FakeContainer();
  warned = [];
  stub("SyncManager", class {});
  stub("navigator", { serviceWorker: container });
  stub("document", { baseURI: `${ORIGIN}/jobs/7` });
  stub("location", { href: container.page });
  stub("addEventListener", () => undefined);
  mock.method(console, "warn", (text: string) => warned.push(text));
});
afterEach(() => {
  mock.restoreAll();
  for (const [name, before] of Object.entries(stubs)) {
    Reflect.deleteProperty(globalThis, name);
    if (before !== undefined) {
      Object.defineProperty(globalThis, name, before as PropertyDescriptor);
    }
  }
});

/** Two files are kept while this is the named worker. */
async function keepTwo(url: string): Promise<void> {
  const background = new Background(url);
  background.wanted();
  await settle();
  background.wanted();
  await settle();
  background.close();
}

test("where a scope has no worker ours is registered, and asked to finish the queue", async () => {
  await keepTwo("/photo-worker.js");
  const asked = `windlass-queue ${ORIGIN}/photo-worker.js`;
  assert.deepEqual([container.synced, warned], [[asked, asked], []]);
});

test("an app's own worker is never replaced: it is said, once, what to do", async () => {
  container.scopes.set(`${ORIGIN}/`, `${ORIGIN}/sw.js`);
  await keepTwo("/photo-worker.js");
  assert.deepEqual([...container.scopes], [[`${ORIGIN}/`, `${ORIGIN}/sw.js`]]);
  assert.deepEqual(container.synced, []);
  assert.equal(warned.length, 1);
  assert.match(String(warned[0]), /has another one\. Call drainInBackground in that one, and name it instead$/);
});

test("a worker of ours is updated, and an app's worker that is the named one is asked", async () => {
  for (const [before, named] of [["/photo-worker.js?v=1", "/photo-worker.js?v=2"], ["/sw.js", "/sw.js"]] as const) {
    container.scopes.set(`${ORIGIN}/`, `${ORIGIN}${before}`);
    await keepTwo(named);
    assert.equal(container.synced.at(-1), `windlass-queue ${ORIGIN}${named}`);
  }
  assert.deepEqual(warned, []);
});

test("a page outside the worker's scope is told so, and asks no other worker", async () => {
  for (const own of [undefined, "/sw.js"]) {
    if (own !== undefined) {
      container.scopes.set(`${ORIGIN}/`, `${ORIGIN}${own}`);
    }
    warned = [];
    await keepTwo("/static/photo-worker.js");
    assert.equal(warned.length, 1);
    assert.match(String(warned[0]), /this page is not in its scope/);
  }
  assert.deepEqual(container.synced, []);
});
