import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";

import type { Photos } from "../src/api.js";
import { ANY_PHOTO, GalleryLive } from "../src/elements/gallery-live.js";
import { tagsOf } from "../src/elements/photo-words.js";
import { sameFilter, wordsOf } from "../src/elements/gallery-bar.js";
import { WindlassError } from "../src/errors.js";
import { LivePhotos, type LiveState } from "../src/live.js";
import { settle } from "./fake-worker.js";

/** A stream that says what the test says. */
class FakeStream extends EventTarget {
  closed = false;
  constructor(readonly url: string) {
    super();
  }
  say(name: string, data: object, lastEventId = ""): void {
    this.dispatchEvent(new MessageEvent(name, { data: JSON.stringify(data), lastEventId }));
  }
  break(): void {
    this.dispatchEvent(new Event("error"));
  }
  close(): void {
    this.closed = true;
  }
}

/** A service, a page and what the page was told. */
function page() {
  const streams: FakeStream[] = [];
  const told: string[] = [];
  const states: LiveState[] = [];
  const service = { tickets: 0, up: true, refusal: "", state: "one", asked: [] as (string | null)[], answers: Promise.resolve() };
  const live = new LivePhotos(
    {
      ticket: async () => {
        if (!service.up) {
          throw new Error("down");
        }
        service.tickets += 1;
        return { ticket: `t${service.tickets}`, expires_at: "" };
      },
      streamUrl: (ticket, after) => `${ticket}@${after}`,
      fingerprint: async (known, { signal }) => {
        service.asked.push(known);
        await Promise.race([service.answers, new Promise((_, reject) => signal.addEventListener("abort", reject))]);
        if (service.refusal !== "") {
          throw new WindlassError(service.refusal, "It is refused.");
        }
        return service.state;
      },
    },
    {
      happened: (kind, { photo_id }) => told.push(`${kind} ${photo_id}`),
      look: () => told.push("look"),
      changed: (state) => states.push(state),
    },
    {
      random: () => 0.5,
      eventSource: (url) => {
        const stream = new FakeStream(url);
        streams.push(stream);
        return stream as unknown as EventSource;
      },
    },
  );
  return { live, streams, told, states, service };
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 50) {
    mock.timers.tick(50);
    await settle();
  }
}

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout"] });
});

test("what happens is told as it happens, from the list's last event on", async () => {
  const { live, streams, told, states } = page();
  live.start(7);
  await settle();
  assert.equal(streams[0]?.url, "t1@7");
  streams[0]?.say("ready", { after: 7 }, "7");
  streams[0]?.say("photo.created", { photo_id: "a" }, "8");
  streams[0]?.say("photo.deleted", { photo_id: "a" }, "9");
  assert.deepEqual(told, ["photo.created a", "photo.deleted a"]);
  assert.deepEqual(states, ["connecting", "live"]);
  live.stop();
  assert.equal(streams[0]?.closed, true);
});

test("a stream that is cut is opened again from the last event, with a new ticket", async () => {
  const { live, streams, told, states } = page();
  live.start(0);
  await settle();
  streams[0]?.say("ready", { after: 0 }, "0");
  streams[0]?.say("photo.created", { photo_id: "a" }, "1");
  streams[0]?.break();
  assert.equal(streams[0]?.closed, true, "the browser does not try again with a used ticket");
  await pass(500);
  assert.equal(streams[1]?.url, "t2@1");
  streams[1]?.say("ready", { after: 1 }, "1");
  streams[0]?.say("photo.created", { photo_id: "late" }, "2");
  streams[1]?.say("photo.created", { photo_id: "b" }, "2");
  assert.deepEqual(told, ["photo.created a", "photo.created b"]);
  assert.deepEqual(states, ["connecting", "live", "connecting", "live"]);
});

test("streams that are cut as soon as they begin are opened ever more seldom, and the page polls meanwhile", async () => {
  const { live, streams, service, told } = page();
  live.start(0);
  await settle();
  for (let passed = 0; passed < 120_000; passed += 1_000) {
    const stream = streams.at(-1);
    if (stream?.closed === false) {
      stream.say("ready", { after: 0 }, "0");
      stream.break();
    }
    await pass(1_000);
  }
  assert.ok(streams.length <= 14, `${streams.length} streams in two minutes`);
  assert.equal(live.state, "polling");
  assert.ok(service.asked.length >= 20, `asked ${service.asked.length} times`);
  assert.deepEqual(told, ["look"]);
  live.resume();
  await settle();
  streams.at(-1)?.say("ready", { after: 0 }, "0");
  await pass(6_000);
  const opened = streams.length;
  streams.at(-1)?.break();
  await pass(500);
  assert.equal(streams.length, opened + 1, "one that lasted is opened again at once");
  live.stop();
});

test("after a reset the page looks at the photos and goes on from there", async () => {
  const { live, streams, told } = page();
  live.start(3);
  await settle();
  streams[0]?.say("ready", { after: 3 }, "3");
  streams[0]?.say("reset", { latest: 90 }, "90");
  streams[0]?.break();
  await pass(500);
  assert.deepEqual(told, ["look"]);
  assert.equal(streams[1]?.url, "t2@90");
});

test("where no stream begins the page polls, and looks only when something happened", async () => {
  const { live, streams, told, states, service } = page();
  live.start(0);
  await settle();
  // A proxy that collects the answer: nothing comes, and no error either.
  await pass(25_000);
  assert.equal(live.state, "polling");
  assert.equal(streams[0]?.closed, true);
  await pass(9_000);
  assert.deepEqual(told, ["look"], "once, for what may have been missed");
  assert.equal(service.asked.at(-1), "one", "asked with what is known");
  service.state = "two";
  await pass(4_500);
  assert.deepEqual(told, ["look", "look"]);
  const asked = service.asked.length;
  streams.at(-1)?.say("ready", { after: 0 }, "0");
  assert.equal(live.state, "live");
  await pass(20_000);
  assert.equal(service.asked.length, asked, "no polling beside the stream");
  assert.deepEqual(states.slice(0, 3), ["connecting", "polling", "live"]);
  live.stop();
});

test("a question that is under way when the page polls anew does not make it poll twice", async () => {
  const { live, streams, service } = page();
  live.start(0);
  await pass(25_000);
  let answer: () => void = () => undefined;
  service.answers = new Promise((resolve) => (answer = resolve));
  await pass(4_000);
  assert.equal(live.state, "polling");
  live.resume();
  await settle();
  streams.at(-1)?.break();
  assert.equal(live.state, "polling");
  service.answers = Promise.resolve();
  answer();
  await settle();
  const asked = service.asked.length;
  await pass(10_500);
  assert.equal(service.asked.length - asked, 3, "every three and a half seconds");
  live.stop();
});

test("a question that nobody answers is given up after ten seconds, and the next one asked, in Safari 15, too", async (context) => {
  const { timeout } = AbortSignal;
  context.after(() => Object.assign(AbortSignal, { timeout }));
  Object.assign(AbortSignal, { timeout: undefined });
  const { live, service } = page();
  service.answers = new Promise(() => undefined);
  live.start(0);
  await pass(25_000);
  assert.equal(live.state, "polling");
  await pass(30_000);
  assert.ok(service.asked.length >= 3, `asked ${service.asked.length} times`);
  live.stop();
});

test("a stream that falls silent is not trusted", async () => {
  const { live, streams } = page();
  live.start(0);
  await settle();
  streams[0]?.say("ready", { after: 0 }, "0");
  await pass(30_000);
  streams[0]?.say("heartbeat", {});
  await pass(30_000);
  assert.equal(streams.length, 1);
  await pass(11_000);
  assert.equal(streams.length, 2);
  live.stop();
});

test("while the service is down it is asked ever more seldom, and never again once stopped", async () => {
  const { live, streams, service } = page();
  service.up = false;
  live.start(0);
  await pass(60_000);
  service.up = true;
  await pass(16_000);
  assert.equal(streams.length >= 1, true, "found again within half the longest wait");
  live.stop();
  const { tickets } = service;
  await pass(60_000);
  assert.equal(service.tickets, tickets);
});

for (const code of ["unauthorized", "token_expired", "token_unavailable", "forbidden"]) {
  test(`a page that is not let in any more (${code}) looks once, so that its list says so, and asks ever more seldom until it is`, async () => {
    const { live, told, service } = page();
    service.up = false;
    service.refusal = code;
    live.start(0);
    await pass(60_000);
    assert.deepEqual(told, ["look"]);
    assert.ok(service.asked.length <= 5, `asked ${service.asked.length} times in a minute`);
    service.refusal = "";
    await pass(31_000);
    assert.deepEqual(told, ["look", "look"]);
    const asked = service.asked.length;
    await pass(10_500);
    assert.equal(service.asked.length - asked, 3, "every three and a half seconds again");
    service.refusal = code;
    await pass(4_000);
    assert.deepEqual(told, ["look", "look", "look"], "which is news again");
    live.stop();
  });
}

test("while the service cannot be reached the list that is shown stays, without a word", async () => {
  const { live, told, service } = page();
  service.up = false;
  service.refusal = "network";
  live.start(0);
  await pass(60_000);
  assert.deepEqual(told, []);
  assert.ok(service.asked.length >= 15, "and it is asked again soon");
  live.stop();
});

interface World {
  live: GalleryLive;
  streams: FakeStream[];
  /** What the gallery was told. */
  changed: (readonly string[])[];
  /** Ids of photos that cannot be had. */
  missing: Set<string>;
  document: EventTarget & { hidden: boolean };
}

/** A gallery's news from an event on, on a page that may be hidden. */
async function follow(work: (world: World) => Promise<void>, { after = 0, hidden = false } = {}): Promise<void> {
  const streams: FakeStream[] = [];
  const document = Object.assign(new EventTarget(), { hidden });
  const { document: ownDocument, EventSource: ownSource } = globalThis;
  class Source extends FakeStream {
    constructor(url: string) {
      super(url);
      streams.push(this);
    }
  }
  Object.assign(globalThis, { document, EventSource: Source });
  try {
    const changed: (readonly string[])[] = [];
    const missing = new Set<string>();
    const photos = {
      ticket: async () => ({ ticket: "t", expires_at: "" }),
      streamUrl: (_: string, after: number) => `${after}`,
    } as unknown as Photos;
    const live = new GalleryLive(photos, {
      changed: async (photoIds) => {
        changed.push(photoIds);
        return photoIds.filter((photoId) => missing.has(photoId));
      },
      gone: (photoId) => changed.push([`${photoId} is gone`]),
      state: () => undefined,
    });
    live.start(after);
    await settle();
    streams[0]?.say("ready", { after }, `${after}`);
    await work({ live, streams, changed, missing, document });
  } finally {
    Object.assign(globalThis, { document: ownDocument, EventSource: ownSource });
  }
}

test("what happens to many photos within a moment is one look, and a hidden page gives its stream back", () =>
  follow(async ({ live, streams, changed, document }) => {
    for (let number = 1; number <= 20; number += 1) {
      streams[0]?.say("photo.created", { photo_id: `p${number % 10}` }, String(number));
    }
    streams[0]?.say("photo.deleted", { photo_id: "p3" }, "21");
    streams[0]?.say("photo.arriving", { photo_id: "p10" }, "22");
    streams[0]?.say("photo.arriving", { photo_id: "p11" }, "23");
    streams[0]?.say("photo.withdrawn", { photo_id: "p11" }, "24");
    await pass(200);
    assert.deepEqual(changed.slice(0, 2), [["p3 is gone"], ["p11 is gone"]]);
    assert.deepEqual([...(changed[2] ?? [])].sort(), ["p0", "p1", "p10", "p2", "p4", "p5", "p6", "p7", "p8", "p9"]);
    assert.equal(changed.length, 3);
    document.hidden = true;
    document.dispatchEvent(new Event("visibilitychange"));
    assert.equal(streams[0]?.closed, true);
    document.hidden = false;
    document.dispatchEvent(new Event("visibilitychange"));
    await settle();
    assert.equal(streams[1]?.url, "24", "and goes on from where it was");
    live.close();
    assert.equal(streams[1]?.closed, true);
  }));

test("a gallery that begins in a hidden page opens no stream before it is seen, and then from its list on", () =>
  follow(
    async ({ live, streams, document }) => {
      await pass(60_000);
      assert.equal(streams.length, 0);
      document.hidden = false;
      document.dispatchEvent(new Event("visibilitychange"));
      await settle();
      assert.deepEqual(streams.map(({ url }) => url), ["7"]);
      live.close();
    },
    { after: 7, hidden: true },
  ));

test("what could not be had of a photo is asked for again, until it is there, it is gone, or nobody looks", () =>
  follow(async ({ live, streams, changed, missing }) => {
    for (const photoId of ["p1", "p2"]) {
      missing.add(photoId);
      streams[0]?.say("photo.created", { photo_id: photoId }, "1");
    }
    streams[0]?.say("photo.created", { photo_id: "p3" }, "2");
    await pass(200);
    streams[0]?.say("photo.deleted", { photo_id: "p2" }, "3");
    await pass(2_500);
    assert.deepEqual(changed, [["p1", "p2", "p3"], ["p2 is gone"], ["p1"]]);
    missing.clear();
    await pass(8_000);
    assert.deepEqual(changed.slice(3), [["p1"]], "once it is there, no more");
    missing.add(ANY_PHOTO);
    streams[0]?.say("reset", {}, "9");
    await pass(200);
    assert.deepEqual(changed.slice(4), [[ANY_PHOTO]], "anything may have changed");
    live.close();
    await pass(8_000);
    assert.equal(changed.length, 5);
  }));

test("what could not be had of a photo is not asked for while the page is hidden, and at once when it is seen again", () =>
  follow(async ({ live, streams, changed, missing, document }) => {
    const show = (isShown: boolean): void => {
      document.hidden = !isShown;
      document.dispatchEvent(new Event("visibilitychange"));
    };
    missing.add("p1");
    streams[0]?.say("photo.created", { photo_id: "p1" }, "1");
    await pass(200);
    show(false);
    await pass(8_000);
    assert.deepEqual(changed, [["p1"]]);
    show(true);
    await settle();
    assert.deepEqual(changed.slice(1), [["p1"]]);
    missing.add("p2");
    streams[1]?.say("photo.created", { photo_id: "p2" }, "2");
    show(false);
    await pass(8_000);
    assert.equal(changed.length, 3, "what was heard of just before is asked for once");
    missing.clear();
    show(true);
    await pass(8_000);
    assert.deepEqual(changed.slice(3), [["p1", "p2"]]);
    live.close();
  }));

test("words, labels and filters as people write them", () => {
  assert.equal(wordsOf("  roof –  north, "), "roof north,");
  assert.equal(wordsOf("- ! ?"), "");
  assert.equal(wordsOf("a b c d e f g h i j"), "a b c d e f g h");
  assert.deepEqual(tagsOf(" Roof leak, ,north\nwest,"), ["Roof leak", "north", "west"]);
  assert.equal(sameFilter({ q: "a", kind: "photo" }, { kind: "photo", q: "a" }), true);
  assert.equal(sameFilter({ q: "a" }, {}), false);
});
