import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { sumProgress } from "../src/batch.js";
import type { UploadProgressEvent, UploadStateEvent } from "../src/events.js";
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
  /** The last of these events. */
  last: () => Event | undefined;
  /** Whom the keeper was to watch, in order. */
  watched: string[];
  comesBack: () => void;
}

function tab(session: string, names: string[] = []): Tab {
  const shown: Upload[] = [];
  const dispatched: [string, string | undefined][] = [];
  let last: Event | undefined;
  const watched: string[] = [];
  const own = names.map((name) => new Upload(commands, name, new Blob([name]), `${name}.jpg`));
  const known = new Set(FakeChannel.all);
  const heard = new Set(listening.get("pageshow"));
  const elsewhere = new Elsewhere({
    namespace: "n",
    session,
    commands,
    own: () => own,
    progress: () => ({ ...sumProgress(own, null), rate_bytes_per_s: 7 }),
    onAdded: (upload) => shown.push(upload),
    onCommand: () => undefined,
    watch: (session) => watched.push(session),
    dispatch: (event) => {
      last = event;
      dispatched.push([event.type, (event as Partial<UploadStateEvent>).state]);
    },
  });
  const [channel] = [...FakeChannel.all].filter((one) => !known.has(one));
  assert.ok(channel);
  const listeners = (listening.get("pageshow") ?? []).filter((one) => !heard.has(one));
  const comesBack = (): void => {
    channel.isFrozen = false;
    listeners.forEach((listener) => listener(Object.assign(new Event("pageshow"), { persisted: true })));
  };
  return { elsewhere, channel, own, shown, dispatched, last: () => last, watched, comesBack };
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

test("progress of another tab's file tells of that file, and of this client's own as before", () => {
  const [first, second] = [tab("a", ["roof"]), tab("b", ["attic", "door"])];
  first.own.forEach((upload) => first.elsewhere.tell(upload));
  const { type, file, total } = second.last() as UploadProgressEvent;
  assert.deepEqual([type, file.total_bytes, total.total_bytes], ["progress", "roof".length, "atticdoor".length]);
  assert.equal(total.rate_bytes_per_s, 7, "as the client tells it with its own");
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

test("a tab that holds no lock and speaks is there: what it sends goes on, and it is watched again later", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const [first, second] = [tab("a", ["roof"]), tab("b")];
    const [shown] = second.shown;
    assert.deepEqual(second.watched, ["a"]);
    second.elsewhere.settle("a");
    assert.deepEqual(second.watched, ["a"], "its answer is no reason to ask the browser at once");
    mock.timers.tick(5_000);
    assert.deepEqual([shown?.ended, second.elsewhere.uploads], [false, [shown]]);
    assert.deepEqual(second.watched, ["a", "a"]);
    first.channel.close();
    second.elsewhere.settle("a");
    mock.timers.tick(5_000);
    assert.equal(shown?.error?.code, "file_gone");
    assert.deepEqual(second.watched, ["a", "a"]);
  } finally {
    mock.timers.reset();
  }
});
