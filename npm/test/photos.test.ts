import assert from "node:assert/strict";
import { test } from "node:test";

import { cameraName, formatSettings, formatTaken, isWebAddress, pictureFor, takenAt } from "../src/elements/photo-facts.js";
import { PhotoPages } from "../src/elements/photo-pages.js";
import { errorFromAnswer, WindlassError } from "../src/errors.js";
import type { ListPhotosResponse } from "../src/generated/ListPhotosResponse";
import type { Photo } from "../src/generated/Photo";
import type { PhotoMetadata } from "../src/generated/PhotoMetadata";
import { TokenSource } from "../src/token.js";
import { settle } from "./fake-worker.js";

function photo(id: string, changes: Partial<Photo> = {}): Photo {
  const variant = (edge: number) => ({ url: `https://store.example/${id}/${edge}`, width: edge, height: edge / 2 });
  return {
    photo_id: id,
    content_type: "image/jpeg",
    url: `https://store.example/${id}`,
    variants: { thumb_200: variant(200), web_1920: variant(1920) },
    metadata: null,
    ...changes,
  } as Photo;
}

/** A project of that many photos behind the list operation. */
class FakeList {
  readonly asked: number[] = [];
  ids: string[];
  /** What is thrown instead of a photo, by its id. */
  readonly errors = new Map<string, WindlassError>();

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, index) => `photo-${index}`);
  }

  async list({ limit = 50, cursor }: { limit?: number; cursor?: string }): Promise<ListPhotosResponse> {
    this.asked.push(limit);
    const from = Number(cursor ?? 0);
    const photos = this.ids.slice(from, from + limit).map((id) => photo(id));
    const totals = { uploaded: this.ids.length, processing: 0, completed: 0, failed: 0, quarantined: 0 };
    const next_cursor = from + limit < this.ids.length ? String(from + limit) : null;
    return { photos, next_cursor, totals, latest_event: 7 };
  }

  async get(id: string): Promise<Photo> {
    const error = this.errors.get(id);
    if (error !== undefined) {
      throw error;
    }
    return photo(id);
  }
}

test("pages follow each other to the end", async () => {
  const pages = new PhotoPages(new FakeList(5), 2);
  for (const [loaded, hasMore] of [[2, true], [4, true], [5, false], [5, false]] as const) {
    await pages.more();
    assert.deepEqual([pages.photos.length, pages.hasMore], [loaded, hasMore]);
  }
});

test("a list that could not be had for want of a token says so, until it was had", async () => {
  const source = new FakeList(1);
  const list = source.list.bind(source);
  const pages = new PhotoPages(source, 2);
  for (const [code, lacksToken] of [["unauthorized", true], ["unavailable", false], ["token_unavailable", true]] as const) {
    source.list = () => Promise.reject(new WindlassError(code, "Not now."));
    await assert.rejects(pages.more(), { code });
    assert.equal(pages.lacksToken, lacksToken, code);
  }
  source.list = list;
  await pages.more();
  assert.equal(pages.lacksToken, false);
});

test("a page that hears of photos all day keeps a bounded number, and what was let go can be asked for", async () => {
  const id = (number: number) => `photo-${String(number).padStart(4, "0")}`;
  const source = new FakeList(0);
  source.ids = Array.from({ length: 20 }, (_, index) => id(19 - index));
  const pages = new PhotoPages(source, 10);
  await pages.more();
  for (let number = 20; number < 1_000; number++) {
    source.ids.unshift(id(number));
    pages.put(photo(id(number)));
  }
  assert.equal(pages.photos.length, 110, "those that were asked for, and a hundred");
  assert.deepEqual([pages.photos[0]?.photo_id, pages.hasMore], [id(999), true]);
  await pages.more();
  assert.deepEqual(pages.photos.map(({ photo_id }) => photo_id), source.ids.slice(0, 120), "no gap");
  await pages.more();
  assert.deepEqual(pages.photos.map(({ photo_id }) => photo_id), source.ids.slice(0, 130));
});

test("refreshing loads again what was loaded, in as few pages as the service allows", async () => {
  const source = new FakeList(250);
  const pages = new PhotoPages(source, 60);
  await pages.more();
  await pages.more();
  source.ids.unshift("new");
  source.asked.length = 0;
  await pages.refresh();
  assert.deepEqual(source.asked, [100, 20]);
  assert.deepEqual([pages.photos[0]?.photo_id, pages.photos.length, pages.hasMore], ["new", 120, true]);
});

test("two requests at once do not load a page twice", async () => {
  const pages = new PhotoPages(new FakeList(10), 3);
  await Promise.all([pages.more(), pages.more()]);
  assert.deepEqual(pages.photos.map(({ photo_id }) => photo_id), ["photo-0", "photo-1", "photo-2", "photo-3", "photo-4", "photo-5"]);
});

test("refreshes that wait are one, and one that has begun is followed by another", async () => {
  const source = new FakeList(3);
  const pages = new PhotoPages(source, 5);
  await pages.more();
  source.asked.length = 0;
  await Promise.all([pages.refresh(), pages.refresh(), pages.refresh()]);
  assert.equal(source.asked.length, 1);
  source.asked.length = 0;
  const begun = pages.refresh();
  await Promise.resolve();
  source.ids.unshift("new");
  await Promise.all([begun, pages.refresh()]);
  assert.equal(source.asked.length, 2);
  assert.equal(pages.photos[0]?.photo_id, "new");
});

test("a list whose first page came by refreshing can be followed, too", async () => {
  const source = new FakeList(3);
  const list = source.list.bind(source);
  source.list = () => Promise.reject(new WindlassError("unavailable", "Not now."));
  const pages = new PhotoPages(source, 5);
  await assert.rejects(pages.more());
  assert.equal(pages.latestEvent, null);
  source.list = list;
  await pages.refresh();
  assert.deepEqual([pages.photos.length, pages.latestEvent], [3, 7]);
});

test("a changed photo that cannot be had is told, and only the service's own word takes one away", async () => {
  const source = new FakeList(0);
  source.ids = ["photo-4", "photo-3", "photo-2", "photo-1"];
  const pages = new PhotoPages(source, 5);
  await pages.more();
  const gone = { type: "", title: "", status: 404, code: "not_found", detail: "There is no such photo." };
  source.errors.set("photo-1", errorFromAnswer(404, null, gone));
  source.errors.set("photo-2", errorFromAnswer(404, null, "<html>"));
  source.errors.set("photo-3", errorFromAnswer(403, null, null));
  source.errors.set("photo-5", errorFromAnswer(503, null, null));
  assert.deepEqual(await pages.learn(["photo-1", "photo-2", "photo-3", "photo-5", "photo-6"]), ["photo-2", "photo-3", "photo-5"]);
  assert.deepEqual(pages.photos.map(({ photo_id }) => photo_id), ["photo-6", "photo-4", "photo-3", "photo-2"]);
});

test("a photo heard of twice is listed once, by its age", async () => {
  const source = new FakeList(0);
  source.ids = ["photo-8", "photo-4", "photo-2"];
  const pages = new PhotoPages(source, 2);
  await pages.more();
  for (const id of ["photo-9", "photo-5", "photo-3"]) {
    pages.put(photo(id));
  }
  pages.put(photo("photo-9", { filename: "renamed.jpg" }));
  const ids = () => pages.photos.map(({ photo_id }) => photo_id);
  assert.deepEqual(ids(), ["photo-9", "photo-8", "photo-5", "photo-4"], "photo-3 comes with its page");
  assert.equal(pages.photos[0]?.filename, "renamed.jpg");
  assert.equal(pages.latestEvent, 7);
  await pages.more();
  pages.put(photo("photo-1"));
  assert.deepEqual(ids().slice(-2), ["photo-2", "photo-1"]);
});

test("an answer that was overtaken takes nothing back", async () => {
  const source = new FakeList(0);
  source.ids = ["photo-2", "photo-1"];
  const pages = new PhotoPages(source, 5);
  await pages.more();
  const arriving = photo("photo-3", { status: "pending_upload", url: null });
  pages.put(arriving);
  pages.put(photo("photo-3", { status: "uploaded" }));
  pages.put(arriving);
  assert.equal(pages.photos[0]?.status, "uploaded", "the original was there already");
  pages.drop("photo-2");
  pages.put(photo("photo-2"));
  await pages.refresh();
  assert.deepEqual(pages.photos.map(({ photo_id }) => photo_id), ["photo-1"], "what is gone stays gone");
});

/** Holds its answers, as they were when they were asked for, until they are released. */
class SlowList extends FakeList {
  release: () => void = () => undefined;

  override async list(query: { limit?: number; cursor?: string }): Promise<ListPhotosResponse> {
    const answer = await super.list(query);
    await new Promise<void>((resolve) => (this.release = resolve));
    return answer;
  }
}

test("what is heard of while a list is loaded stays as it was heard, and the next answer is believed", async () => {
  const source = new SlowList(0);
  source.ids = ["photo-4", "photo-3", "photo-2", "photo-1"];
  const pages = new PhotoPages(source, 2);
  const load = async (step: "more" | "refresh", meanwhile: () => void): Promise<string[]> => {
    const loaded = pages[step]();
    await settle();
    meanwhile();
    source.release();
    await loaded;
    return pages.photos.map(({ photo_id, caption }) => (caption ? `${photo_id}: ${caption}` : photo_id));
  };
  const nothing = (): void => undefined;
  await load("more", nothing);
  const heard = (): void => {
    pages.put(photo("photo-5"));
    pages.put(photo("photo-3", { caption: "Lintel" }));
  };
  assert.deepEqual(await load("refresh", heard), ["photo-5", "photo-4", "photo-3: Lintel"]);
  const changed = (): void => pages.put(photo("photo-2", { caption: "Roof" }));
  assert.deepEqual(await load("more", changed), ["photo-5", "photo-4", "photo-3: Lintel", "photo-2: Roof", "photo-1"]);
  assert.deepEqual(await load("refresh", () => pages.drop("photo-2")), ["photo-4", "photo-3", "photo-1"]);
});

test("under a filter a photo that changed is replaced where it is listed, and not added", async () => {
  const source = new FakeList(0);
  source.ids = ["photo-3", "photo-1"];
  const pages = new PhotoPages(source, 5, { label: "roof" });
  await pages.more();
  pages.put(photo("photo-2"));
  pages.put(photo("photo-1", { caption: "Lintel" }));
  assert.deepEqual(pages.photos.map(({ photo_id, caption }) => [photo_id, caption]), [["photo-3", undefined], ["photo-1", "Lintel"]]);
});

test("the picture shown is the smallest that is large enough", () => {
  assert.equal(pictureFor(photo("a"), 200)?.url, "https://store.example/a/200");
  assert.equal(pictureFor(photo("a"), 1200)?.url, "https://store.example/a/1920");
  const small = photo("b", { variants: { thumb_200: photo("b").variants["thumb_200"] as never } });
  assert.equal(pictureFor(small, 1200)?.url, "https://store.example/b");
  assert.equal(pictureFor({ ...small, content_type: "image/heic" }, 1200)?.url, "https://store.example/b/200");
  assert.equal(pictureFor({ ...small, url: null }, 1200)?.url, "https://store.example/b/200", "its original is on its way");
  assert.equal(pictureFor(photo("c", { variants: {}, content_type: "image/heic" }), 200), null);
});

test("only web addresses become links", () => {
  assert.equal(isWebAddress("https://store.example/a"), true);
  assert.equal(isWebAddress("javascript:alert(1)"), false);
  assert.equal(isWebAddress("data:text/html,x"), false);
  assert.equal(pictureFor(photo("a", { variants: {}, url: "javascript:alert(1)" }), 200), null);
});

test("the camera is named once", () => {
  assert.equal(cameraName({ make: "Google", model: "Pixel 2" }), "Google Pixel 2");
  assert.equal(cameraName({ make: "NIKON CORPORATION", model: "NIKON D750" }), "NIKON D750");
  assert.equal(cameraName({ make: "Canon", model: null }), "Canon");
  assert.equal(cameraName({ make: null, model: null }), null);
});

test("the time taken is the camera's, wherever the reader sits", () => {
  const taken = takenAt({ metadata: null, taken_at: "2018-07-25T16:34:23+02:00" });
  assert.deepEqual(taken, { local: "2018-07-25T16:34:23", offset: "+02:00" });
  assert.match(formatTaken({ local: "2018-07-25T16:34:23.512", offset: null }, "en-GB") ?? "", /25 July 2018.*16:34:23/);
  assert.match(formatTaken({ local: "2016-12-31T23:59:60.25", offset: null }, "en-GB") ?? "", /31 December 2016.*23:59:59/);
  assert.equal(takenAt({ metadata: null, taken_at: null }), null);
  assert.equal(formatTaken({ local: "0000:00:00 00:00:00", offset: null }, "en-GB"), null);
});

test("the times of thousands of photos are written with one format", () => {
  const own = Intl.DateTimeFormat;
  let made = 0;
  const construct = (target: typeof own, given: ConstructorParameters<typeof own>): Intl.DateTimeFormat => {
    made += 1;
    return new target(...given);
  };
  const intl = Intl as { DateTimeFormat: typeof own };
  intl.DateTimeFormat = new Proxy(own, { construct });
  try {
    for (let minute = 10; minute < 60; minute += 1) {
      formatTaken({ local: `2018-07-25T16:${minute}:23`, offset: null }, "de-CH");
    }
  } finally {
    intl.DateTimeFormat = own;
  }
  assert.equal(made, 1);
});

test("settings are written as photographers do", () => {
  const settings = { exposure_time_s: 0.008, f_number: 1.8, iso: 57, focal_length_mm: 4.44 } as PhotoMetadata;
  assert.equal(formatSettings(settings), "1/125 s · f/1.8 · ISO 57 · 4.4 mm");
  assert.equal(formatSettings({ ...settings, exposure_time_s: 2.5, f_number: null, focal_length_mm: null }), "2.5 s · ISO 57");
});

test("a token is asked for once and held until it is renewed", async () => {
  let calls = 0;
  const tokens = new TokenSource(() => `jwt-${++calls}`);
  assert.deepEqual(await Promise.all([tokens.get(), tokens.get()]), ["jwt-1", "jwt-1"]);
  assert.equal(await tokens.get(), "jwt-1");
  assert.deepEqual(await Promise.all([tokens.renew(), tokens.renew()]), ["jwt-2", "jwt-2"]);
  assert.equal(await tokens.get(), "jwt-2");
});
