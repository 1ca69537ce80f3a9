/** What the keeping worker does with rows that other pages have left, where there is no room and where there are several pages. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import type { KeptUpload } from "../src/generated/KeptUpload";
import type { ByteStore } from "../src/keep/bytes.js";
import type { UploadRow } from "../src/keep/database.js";
import { Keeping } from "../src/keep/keeping.js";
import type { FromKeepWorker } from "../src/keep/messages.js";
import type { Sessions } from "../src/keep/sessions.js";
import { FakeDatabase } from "./fake-database.js";
import { settle } from "./fake-worker.js";

const module = new WebAssembly.Module(await readFile("src/wasm/generated/windlass_upload_bg.wasm"));
const NAMESPACE = "https://photos.example.com p";

/** Bytes in memory. */
class FakeBytes implements ByteStore {
  readonly place = "opfs";
  readonly folders = new Map<string, Map<string, Blob>>();

  async write(folder: string, name: string, bytes: Blob): Promise<void> {
    this.folders.set(folder, (this.folders.get(folder) ?? new Map<string, Blob>()).set(name, bytes));
  }
  async size(folder: string, name: string): Promise<number | null> {
    return this.folders.get(folder)?.get(name)?.size ?? null;
  }
  async read(folder: string, name: string): Promise<Blob | null> {
    return this.folders.get(folder)?.get(name) ?? null;
  }
  async remove(folder: string): Promise<void> {
    this.folders.delete(folder);
  }
  async sweep(isKnown: (folder: string) => boolean): Promise<void> {
    [...this.folders.keys()].filter((folder) => !isKnown(folder)).forEach((folder) => this.folders.delete(folder));
  }
}

/** A browser's storage, and which pages live. */
class Device {
  readonly database = new FakeDatabase();
  readonly bytes = new FakeBytes();
  readonly alive = new Set<string>();
  /** Sessions about which nothing can be said. */
  readonly unclear = new Set<string>();

  /** A file that a page has kept. */
  async keep(ref: string, holder: string | null, change: Partial<KeptUpload> = {}): Promise<void> {
    const bytes = new Blob([`bytes of ${ref}`]);
    const record: KeptUpload = {
      schema: 1,
      client_ref: ref,
      subject: null,
      filename: `${ref}.jpg`,
      content_type: "image/jpeg",
      size_bytes: bytes.size,
      last_modified_ms: null,
      chosen_at_ms: Date.now(),
      paused: false,
      again: false,
      bytes: "opfs",
      prepared: null,
      ...change,
    };
    const row: UploadRow = { namespace: NAMESPACE, ref, holder, folder: `of-${ref}`, record, handle: null };
    this.database.put("uploads", row);
    await this.bytes.write(row.folder, "original", bytes);
  }

  open(session: string): Page {
    this.alive.add(session);
    return new Page(this, session);
  }

  holderOf(ref: string): string | null | undefined {
    return this.database.rows<UploadRow>("uploads").find((row) => row.ref === ref)?.holder;
  }
}

class Page {
  readonly keeping: Keeping;
  readonly told: FromKeepWorker[] = [];

  constructor(device: Device, session: string) {
    const sessions: Sessions = {
      begin: async () => undefined,
      isAlive: async (asked) => {
        if (device.unclear.has(asked)) {
          throw new DOMException("The store was lost.", "UnknownError");
        }
        return device.alive.has(asked);
      },
      whenGone: () => undefined,
      end: async () => void device.alive.delete(session),
    };
    const ground = Promise.resolve({ database: device.database.asDatabase, places: [device.bytes], sessions });
    this.keeping = new Keeping(NAMESPACE, session, ground, (message) => this.told.push(message));
  }

  async restore(): Promise<Extract<FromKeepWorker, { kind: "restored" }> | undefined> {
    const before = this.told.length;
    this.keeping.take({ kind: "restore", module, subject: null, readyOnly: false, onWifi: null });
    await quiet();
    return this.told.slice(before).find((message) => message.kind === "restored");
  }

  async forget(clientRef: string): Promise<void> {
    this.keeping.take({ kind: "forget", clientRef });
    await quiet();
  }
}

/** Until everything that was asked has been done. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await settle();
  }
}

const refs = (restored: { uploads: { upload: KeptUpload }[] } | undefined): string[] | undefined =>
  restored?.uploads.map(({ upload }) => upload.client_ref).sort();

test("on a full device what dead pages have left is sent all the same, and its row goes when it is stored", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  await device.keep("door", null);
  device.database.isFull = true;
  const page = device.open("page");
  assert.deepEqual(refs(await page.restore()), ["door", "roof"]);
  assert.equal(device.holderOf("roof"), "dead", "there was no room to write who sends it");
  assert.deepEqual(refs(await page.restore()), [], "what this page sends is not found a second time");
  await page.forget("roof");
  await page.forget("door");
  assert.deepEqual(device.database.rows("uploads"), []);
  assert.equal(device.bytes.folders.size, 0);
});

/** A page that goes on with what a dead one left, on a device that has no room until it has begun. */
async function restoredWhileFull() {
  const device = new Device();
  await device.keep("roof", "dead");
  device.database.isFull = true;
  const page = device.open("page");
  await page.restore();
  device.database.isFull = false;
  return { device, page };
}

test("what a full device could not write is written with the next change, and nobody else takes the row then", async () => {
  const { device, page } = await restoredWhileFull();
  page.keeping.take({ kind: "paused", clientRef: "roof", paused: true });
  await quiet();
  const [row] = device.database.rows<UploadRow>("uploads");
  assert.deepEqual([row?.holder, row?.record.paused], ["page", true]);
});

test("a row that another page has written its name in is its own, also where this one could not be the first", async () => {
  const { device, page } = await restoredWhileFull();
  const other = device.open("other");
  assert.deepEqual(refs(await other.restore()), ["roof"]);
  await page.forget("roof");
  assert.equal(device.holderOf("roof"), "other");
  assert.equal(await device.bytes.size("of-roof", "original"), 13, "the other page reads them");
});

test("a row of which nothing can be said holds up no other, and it is told that something was left", async () => {
  const device = new Device();
  await device.keep("door", "unclear");
  await device.keep("roof", "dead");
  device.unclear.add("unclear");
  const page = device.open("page");
  const restored = await page.restore();
  assert.deepEqual(refs(restored), ["roof"]);
  assert.equal(restored?.isWhole, false);
  assert.equal(device.holderOf("door"), "unclear");
  device.unclear.clear();
  const again = await page.restore();
  assert.deepEqual([refs(again), again?.isWhole], [["door"], true]);
});

test("where nothing can be read that is told, so that nobody waits for it", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  const page = device.open("page");
  device.database.failures = 2;
  assert.deepEqual(await page.restore(), { kind: "restored", uploads: [], missing: [], elsewhere: 0, isWhole: false });
});

test("what a dead page left half written is removed before anything is taken over: it may be the room that lacks", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  await device.bytes.write("half", "original", new Blob(["h"]));
  const { sweep } = device.bytes;
  device.bytes.sweep = async (isKnown) => {
    await sweep.call(device.bytes, isKnown);
    device.database.isFull = false;
  };
  device.database.isFull = true;
  await device.open("page").restore();
  assert.deepEqual([...device.bytes.folders.keys()], ["of-roof"]);
  assert.equal(device.holderOf("roof"), "page");
});

test("bytes that another page reads by now are left to it when this one has finished", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  const slow = device.open("slow");
  await slow.restore();
  // It could not sign for too long: where there are no Web Locks, that is what a dead page looks like.
  device.alive.delete("slow");
  const other = device.open("other");
  assert.deepEqual(refs(await other.restore()), ["roof"]);
  await slow.forget("roof");
  assert.equal(device.holderOf("roof"), "other");
  assert.equal(await device.bytes.size("of-roof", "original"), 13);
  await other.forget("roof");
  assert.equal(device.bytes.folders.size, 0);
});
