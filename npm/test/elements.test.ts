/** What the elements have in common, without a browser: which client they use, and when another one. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import type { Windlass } from "../src/client.js";
import type { WindlassOptions } from "../src/options.js";
import type { Upload } from "../src/upload.js";

/** As much of an element as the class needs. */
class FakeHTMLElement {
  isConnected = false;
  readonly #attributes = new Map<string, string>();

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }

  setAttribute(name: string, value: string): void {
    this.#change(name, () => this.#attributes.set(name, value));
  }

  removeAttribute(name: string): void {
    this.#change(name, () => this.#attributes.delete(name));
  }

  #change(name: string, change: () => void): void {
    const before = this.getAttribute(name);
    change();
    const self = this as unknown as { attributeChangedCallback?: (name: string, before: string | null, now: string | null) => void };
    self.attributeChangedCallback?.(name, before, this.getAttribute(name));
  }
}

const global = globalThis as unknown as Record<string, unknown>;
global["HTMLElement"] = FakeHTMLElement;
const { translate, WindlassElement } = await import("../src/elements/base.js");

class Probe extends WindlassElement {
  /** What the element had to begin with, each time it was told. */
  readonly seen: (string | null)[] = [];

  get atHand(): Windlass {
    return this.connect();
  }

  enter(): void {
    (this as unknown as FakeHTMLElement).isConnected = true;
    this.connectedCallback();
  }

  leave(): void {
    (this as unknown as FakeHTMLElement).isConnected = false;
    this.disconnectedCallback();
  }

  protected override clientOptions(): Partial<WindlassOptions> {
    return { ...super.clientOptions(), imageWorkers: 1 };
  }

  protected override connectionChanged(): void {
    this.seen.push(this.configured ? this.connect().project : null);
  }
}

/** The tokens that the service was shown; only those of `taken` are good. */
let shown: string[];
let taken: string;
const before = global["fetch"];

beforeEach(() => {
  [shown, taken] = [[], "any"];
  global["fetch"] = async (_: unknown, init: RequestInit) => {
    const token = new Headers(init.headers).get("authorization")?.replace("Bearer ", "") ?? "";
    shown.push(token);
    return taken === "any" || token === taken
      ? Response.json({ photos: [], next_cursor: null, totals: {}, latest_event: 0 })
      : Response.json({ code: "token_expired", detail: "The token has expired." }, { status: 401 });
  };
});
afterEach(() => {
  global["fetch"] = before;
});

const moment = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function probe(): Probe {
  const element = new Probe();
  Object.assign(element, { endpoint: "https://photos.example.com", project: "job-1", token: () => "first" });
  element.enter();
  return element;
}

/** As if a file were under way with it. */
function sending(client: Windlass): { end: () => void } {
  let settle = (): void => undefined;
  const done = new Promise<void>((resolve) => (settle = resolve));
  const upload = { ended: false, done, releasePreview: () => undefined };
  Object.defineProperty(client, "uploads", { configurable: true, get: () => [upload as unknown as Upload] });
  const end = (): void => {
    upload.ended = true;
    settle();
  };
  return { end };
}

const isClosed = (client: Windlass): boolean => {
  try {
    client.add([]);
    return false;
  } catch {
    return true;
  }
};

test("a token function that is written anew at every rendering needs no other client, and is the one that is asked", async () => {
  const element = probe();
  const client = element.atHand;
  await client.photos.list();
  element.token = () => "second";
  element.token = () => "third";
  await moment();
  assert.equal(element.atHand, client);
  assert.deepEqual(element.seen, ["job-1"], "nothing was loaded anew");
  taken = "third";
  await client.photos.list();
  assert.deepEqual(shown, ["first", "first", "third"]);
});

test("whoever signs out and in again has another client, and the one before keeps to its own function", async () => {
  const element = probe();
  const client = element.atHand;
  sending(client);
  await client.photos.list();
  element.token = null;
  element.token = () => "second";
  await moment();
  assert.notEqual(element.atHand, client);
  taken = "nobody's";
  await assert.rejects(client.photos.list());
  assert.ok(!shown.includes("second"), `${shown}`);
});

test("a token function that comes together with another project is not asked for the project before", async () => {
  const element = probe();
  const client = element.atHand;
  sending(client);
  await client.photos.list();
  Object.assign(element, { token: () => "second", project: "job-2" });
  await moment();
  taken = "nobody's";
  await assert.rejects(client.photos.list());
  assert.deepEqual(shown, ["first", "first", "first"]);
  taken = "any";
  await element.atHand.photos.list();
  assert.equal(shown.at(-1), "second");
});

test("what a framework assigns one after the other is one change", async () => {
  const element = probe();
  Object.assign(element, { project: "job-2", endpoint: "https://other.example.com", token: null, tokenUrl: "/token" });
  Object.assign(element, { token: () => "second", project: "job-3" });
  assert.deepEqual(element.seen, ["job-1"]);
  await moment();
  assert.deepEqual(element.seen, ["job-1", "job-3"]);
});

test("undefined is no value: nothing is begun with it, and what comes instead is begun with", async () => {
  const element = new Probe();
  Object.assign(element, { client: undefined, token: undefined, link: undefined, project: undefined, endpoint: undefined });
  element.enter();
  assert.deepEqual(element.seen, [null]);
  assert.deepEqual([element.project, element.endpoint, element.link], ["", "/", null]);
  const { atHand: client } = probe();
  element.client = client;
  element.client = client;
  await moment();
  assert.deepEqual(element.seen, [null, "job-1"]);
});

test("a link that is not there yet is none in Vue either, which assigns an empty text in place of one", async () => {
  const element = new Probe();
  element.enter();
  element.link = typeof element.link === "string" ? "" : undefined;
  await moment();
  assert.deepEqual(element.seen, [null]);
});

test("an element that comes back while its files are under way goes on with the client that it had", async () => {
  const element = probe();
  const client = element.atHand;
  const { end } = sending(client);
  element.leave();
  await moment();
  element.enter();
  assert.equal(element.atHand, client);
  end();
  await moment();
  assert.equal(isClosed(client), false);
});

test("an element that stays away closes its client when everything is sent", async () => {
  const element = probe();
  const client = element.atHand;
  const { end } = sending(client);
  element.leave();
  await moment();
  assert.equal(isClosed(client), false);
  end();
  await moment();
  assert.equal(isClosed(client), true);
  assert.equal(element.client, null);
});

test("a client that was replaced sends to its end what was tried again with it meanwhile", async () => {
  const element = probe();
  const client = element.atHand;
  const first = sending(client);
  element.project = "job-2";
  await moment();
  first.end();
  const second = sending(client);
  await moment();
  assert.equal(isClosed(client), false);
  second.end();
  await moment();
  assert.equal(isClosed(client), true);
});

test("words written in a template change nothing when they come again, and their functions are the ones that are asked", () => {
  const english = { choose: "Choose", sent: (count: number): string => `${count} sent` };
  const words = { ...english };
  const render = (sent: string): boolean => translate(words, english, { choose: "Wählen", sent: (count) => `${count} ${sent}` });
  assert.equal(render("gesendet"), true);
  assert.equal(render("verschickt"), false);
  assert.equal(words.sent(2), "2 verschickt");
  assert.equal(translate(words, english, {}), true);
  assert.deepEqual(words, english);
});

test("a word that is not there yet, as in a translation with gaps, is said in English", () => {
  const english: { choose: string; sent: (count: number) => string } = { choose: "Choose", sent: (count) => `${count} sent` };
  const words = { ...english };
  const gaps = { choose: undefined, sent: undefined } as unknown as Partial<typeof english>;
  assert.equal(translate(words, english, gaps), false);
  assert.equal(translate(words, english, undefined), false);
  assert.deepEqual(words, english);
});
