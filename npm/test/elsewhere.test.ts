import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import type { UploadStateEvent } from "../src/events.js";
import { Elsewhere, type PageMessage } from "../src/keep/elsewhere.js";
import { Upload } from "../src/upload.js";

const commands = { pause: () => {}, resume: () => {}, cancel: () => {}, retry: (upload: Upload) => upload };

/** Channels that deliver at once, to those that are awake, and remember what was said on them. */
class FakeChannel {
  static all = new Set<FakeChannel>();
  static said: PageMessage[] = [];
  onmessage: ((event: { data: PageMessage }) => void) | null = null;
  /** In the browser's cache of pages nothing is heard. */
  isFrozen = false;

  constructor(readonly name: string) {
    FakeChannel.all.add(this);
  }

  postMessage(message: PageMessage): void {
    FakeChannel.said.push(message);
    for (const other of FakeChannel.all) {
      if (other !== this && other.name === this.name && !other.isFrozen) {
        other.onmessage?.({ data: structuredClone(message) });
      }
    }
  }

  close(): void {
    FakeChannel.all.delete(this);
  }
}

const global = globalThis as unknown as Record<string, unknown>;
const before = { channel: global["BroadcastChannel"], add: global["addEventListener"] };
/** What the page listens for. */
let listening: Map<string, ((event: Event) => void)[]>;

beforeEach(() => {
  FakeChannel.all.clear();
  FakeChannel.said = [];
  listening = new Map();
  global["BroadcastChannel"] = FakeChannel;
  global["addEventListener"] = (type: string, listener: (event: Event) => void) => {
    listening.set(type, [...(listening.get(type) ?? []), listener]);
  };
});
afterEach(() => {
  global["BroadcastChannel"] = before.channel;
  global["addEventListener"] = before.add;
});

interface Tab {
  elsewhere: Elsewhere;
  channel: FakeChannel;
  own: Upload[];
  /** What it shows of other tabs. */
  shown: Upload[];
  /** What happened to that: events, each with the state it tells of. */
  dispatched: [string, string | undefined][];
  comesBack: () => void;
}

function tab(session: string, names: string[] = []): Tab {
  const shown: Upload[] = [];
  const dispatched: [string, string | undefined][] = [];
  const own = names.map((name) => new Upload(commands, name, new Blob([name]), `${name}.jpg`));
  const known = new Set(FakeChannel.all);
  const heard = new Set(listening.get("pageshow"));
  const elsewhere = new Elsewhere({
    namespace: "n",
    session,
    commands,
    own: () => own,
    onAdded: (upload) => shown.push(upload),
    onCommand: () => undefined,
    watch: () => undefined,
    dispatch: (event) => dispatched.push([event.type, (event as Partial<UploadStateEvent>).state]),
  });
  const [channel] = [...FakeChannel.all].filter((one) => !known.has(one));
  assert.ok(channel);
  const listeners = (listening.get("pageshow") ?? []).filter((one) => !heard.has(one));
  const comesBack = (): void => {
    channel.isFrozen = false;
    listeners.forEach((listener) => listener(Object.assign(new Event("pageshow"), { persisted: true })));
  };
  return { elsewhere, channel, own, shown, dispatched, comesBack };
}

const told = () => FakeChannel.said.filter(({ kind }) => kind === "upload").length;

test("a tab that is alone tells nobody how its uploads stand", () => {
  const { elsewhere, own } = tab("a", ["roof"]);
  own.forEach((upload) => elsewhere.tell(upload));
  assert.deepEqual(FakeChannel.said, [{ kind: "hello", from: "a" }]);
});

test("tabs that have heard each other show what the other sends, and hear of each change", () => {
  const [first, second] = [tab("a", ["roof"]), tab("b", ["door"])];
  assert.deepEqual(second.shown.map(({ clientRef }) => clientRef), ["roof"]);
  assert.deepEqual(first.shown.map(({ clientRef }) => clientRef), ["door"]);
  const before = told();
  first.own.forEach((upload) => first.elsewhere.tell(upload));
  assert.equal(told(), before + 1);
});

test("the service worker's question is answered, and is no tab to tell anything", () => {
  const { channel, elsewhere, own } = tab("a", ["roof"]);
  channel.onmessage?.({ data: { kind: "worker" } });
  own.forEach((upload) => elsewhere.tell(upload));
  assert.deepEqual(FakeChannel.said.map(({ kind }) => kind), ["hello", "present"]);
});

test("a page that comes back out of the browser's cache and a tab that came meanwhile find each other", () => {
  const left = tab("a", ["roof"]);
  left.channel.isFrozen = true;
  const came = tab("b", ["door"]);
  assert.deepEqual([left.shown, came.shown], [[], []]);
  left.comesBack();
  assert.deepEqual(left.shown.map(({ clientRef }) => clientRef), ["door"]);
  assert.deepEqual(came.shown.map(({ clientRef }) => clientRef), ["roof"]);
});

test("also where the page had heard of another tab before", () => {
  const left = tab("a", ["roof"]);
  const other = tab("c");
  left.channel.isFrozen = true;
  other.elsewhere.close();
  const came = tab("b");
  assert.deepEqual(came.shown, []);
  left.comesBack();
  assert.deepEqual(came.shown.map(({ clientRef }) => clientRef), ["roof"]);
});

test("what is being cancelled in its tab is so in the others, and is cancelled also where that tab goes first", () => {
  const [first, second] = [tab("a", ["roof"]), tab("b")];
  const [[upload], [shown]] = [first.own, second.shown];
  assert.ok(upload && shown);
  upload.setCancelling(true);
  first.elsewhere.tell(upload);
  assert.equal(shown.isCancelling, true);
  assert.equal(second.dispatched.at(-1)?.[0], "statechange", "its row is to say so");
  second.elsewhere.lost("roof");
  assert.equal(shown.state, "cancelled");
});

test("what is shown of another tab ends here with the client that shows it, and goes on there", async () => {
  const [first, second] = [tab("a", ["roof"]), tab("b")];
  const [shown] = second.shown;
  assert.ok(shown);
  assert.deepEqual(second.elsewhere.uploads, [shown]);
  second.elsewhere.close();
  await assert.rejects(shown.done, { code: "closed", file: "roof.jpg" });
  assert.equal(shown.state, "cancelled");
  assert.deepEqual(second.dispatched.at(-1), ["statechange", "cancelled"]);
  assert.deepEqual(second.elsewhere.uploads, []);
  assert.equal(first.own[0]?.ended, false);
});
