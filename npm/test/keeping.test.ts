/** What the keeping worker does with rows that other pages have left, where there is no room and where there are several pages. */
import assert from "node:assert/strict";
import { test } from "node:test";

import type { KeptUpload } from "../src/generated/KeptUpload";
import type { UploadRow } from "../src/keep/database.js";
import { Device, quiet } from "./fake-device.js";

const NOTHING_FOUND = { kind: "restored", uploads: [], missing: [], unreadable: [], elsewhere: 0, isWhole: true };
const WEEKS_AGO_MS = Date.now() - 30 * 24 * 3_600_000;

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
  assert.equal(device.bytes.kept.size, 0);
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
  assert.equal((await device.bytes.read("of-roof", "original"))?.size, 13, "the other page reads them");
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
  device.database.failures = Infinity;
  assert.deepEqual(await page.restore(), { ...NOTHING_FOUND, isWhole: false });
});

test("what a dead page left half written is removed before anything is taken over: it may be the room that lacks", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  await device.bytes.write("half", "original", new Blob(["h"]));
  const { remove } = device.bytes;
  device.bytes.remove = async (folder) => {
    await remove.call(device.bytes, folder);
    device.database.isFull = false;
  };
  device.database.isFull = true;
  await device.open("page").restore();
  assert.deepEqual([...device.bytes.kept.keys()], ["of-roof"]);
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
  assert.equal((await device.bytes.read("of-roof", "original"))?.size, 13);
  await other.forget("roof");
  assert.equal(device.bytes.kept.size, 0);
});

for (const [when, chosen_at_ms] of [["today", Date.now()], ["weeks ago", WEEKS_AGO_MS]] as const) {
  test(`a file that was chosen ${when} and cannot be read this time stays kept, and is sent when it can be`, async () => {
    const device = new Device();
    await device.keep("roof", "dead", { chosen_at_ms });
    const before = device.rowOf("roof");
    device.bytes.unreadable.add("original");
    const page = device.open("page");
    assert.deepEqual(await page.restore(), { ...NOTHING_FOUND, isWhole: false });
    assert.deepEqual(device.rowOf("roof"), before);
    device.bytes.unreadable.clear();
    const restored = await page.restore();
    assert.deepEqual([refs(restored), restored?.isWhole], [["roof"], true]);
    assert.equal(await restored?.uploads[0]?.file.text(), "bytes of roof");
  });
}

for (const [whose, change] of [["another user's file", { subject: "bob" }], ["what a newer build has kept", { schema: 2 }]] as const) {
  test(`${whose} is not read: where it cannot be, nobody waits for it`, async () => {
    const device = new Device();
    await device.keep("roof", "dead", change);
    const before = device.rowOf("roof");
    device.bytes.unreadable.add("original");
    const restored = await device.open("page").restore();
    assert.deepEqual(restored, NOTHING_FOUND);
    assert.deepEqual(device.rowOf("roof"), before);
  });
}

test("where the place of a file cannot be opened the file is not taken for gone, and is sent when it can be", async () => {
  const device = new Device();
  await device.keep("roof", "dead", { chosen_at_ms: WEEKS_AGO_MS });
  device.places = [];
  const page = device.open("page");
  assert.deepEqual(await page.restore(), { ...NOTHING_FOUND, isWhole: false });
  device.places = [device.bytes];
  assert.deepEqual(refs(await page.restore()), ["roof"]);
});

test("what is kept of a file that cannot be read any more is read once more, and of no other that this page sends", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  await device.keep("door", "dead");
  const page = device.open("page");
  await page.restore();
  const restored = await page.restore(["roof"]);
  assert.deepEqual([refs(restored), restored?.unreadable], [["roof"], ["roof"]]);
  assert.equal(await restored?.uploads[0]?.file.text(), "bytes of roof");
  assert.equal(device.holderOf("roof"), "page");
  device.bytes.kept.delete("of-roof");
  assert.deepEqual((await page.restore(["roof"]))?.missing.map(({ client_ref }) => client_ref), ["roof"]);
});

test("a smaller picture that cannot be read is made again, and holds up no file that is whole", async () => {
  const device = new Device();
  const variants = [{ name: "thumb_200", content_type: "image/jpeg", size_bytes: 5, width: 2, height: 1 }];
  await device.keep("roof", "dead", { prepared: { content_type: "image/jpeg", metadata: null, warnings: [], variants } });
  await device.bytes.write("of-roof", "0", new Blob(["thumb"]));
  device.bytes.unreadable.add("0");
  const restored = await device.open("page").restore();
  assert.equal(restored?.uploads[0]?.upload.prepared, null);
  assert.equal(await restored?.uploads[0]?.file.text(), "bytes of roof");
});

for (const [what, change, isGone, bytes, kept_files] of [
  ["a file that is gone", {}, true, "none", 0],
  ["a file of another length", { size_bytes: 5 }, false, "opfs", 1],
  ["a user's own file that may not be read", { bytes: "handle" }, true, "handle", 0],
] as const) {
  test(`${what} is asked for again, and its row says where the bytes are: ${bytes}`, async () => {
    const device = new Device();
    await device.keep("roof", "dead", change);
    if (isGone) {
      device.bytes.kept.clear();
    }
    const page = device.open("page");
    assert.deepEqual((await page.restore())?.missing.map(({ client_ref }) => client_ref), ["roof"]);
    assert.deepEqual([device.holderOf("roof"), device.rowOf("roof")?.record.bytes], ["page", bytes]);
    assert.equal((await page.report())?.kept_files, kept_files);
  });
}

test("what is cancelled after the browser has closed the database is forgotten all the same: no later page sends it", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  const page = device.open("page");
  await page.restore();
  device.database.closeAll(true);
  await page.forget("roof");
  assert.deepEqual(device.database.rows("uploads"), []);
});

test("a row that was taken while the connection broke is the page's that took it", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  const { asDatabase } = device.database;
  const { use } = asDatabase;
  // Everything is done, and seen to fail, and done once more.
  asDatabase.use = (work) => use.call(asDatabase, (connection) => work(connection).then(() => work(connection))) as never;
  assert.deepEqual(refs(await device.open("page").restore()), ["roof"]);
});

test("a file whose copy fails is said not to be kept, also where its handle cannot be kept either", async () => {
  const device = new Device();
  await device.keep("roof", null);
  const upload = device.rowOf("roof")?.record as KeptUpload;
  device.bytes.write = async () => {
    device.database.failures = Infinity;
    throw new DOMException("The connection is lost.", "UnknownError");
  };
  const page = device.open("page");
  page.keeping.take({ kind: "keep", upload, file: new Blob(["bytes"]), handle: null, onWifi: false });
  assert.equal(await page.hears("not-kept"), true);
});

test("a file whose row was cleared away before its copy was made is said not to be kept: no later page would find it", async () => {
  const device = new Device();
  await device.keep("roof", null);
  const upload = device.rowOf("roof")?.record as KeptUpload;
  const { write } = device.bytes;
  device.bytes.write = async (...copy) => {
    // Somebody clears the site's data; what is opened next is new, and works.
    device.database.stores.get("uploads")?.clear();
    device.database.closeAll();
    await write.apply(device.bytes, copy);
  };
  const page = device.open("page");
  page.keeping.take({ kind: "keep", upload, file: new Blob(["bytes"]), handle: null, onWifi: false });
  assert.equal(await page.hears("not-kept"), true);
  assert.equal(page.told.some(({ kind }) => kind === "kept"), false);
});

test("what another person has left under the same name stays theirs, and the second one is told that the file is not kept", async () => {
  const device = new Device();
  await device.keep("roof", "dead", { subject: "ada" });
  const upload: KeptUpload = { ...(device.rowOf("roof")?.record as KeptUpload), subject: "ben", bytes: "none" };
  const page = device.open("page");
  page.keeping.take({ kind: "keep", upload, file: new Blob(["bytes"]), handle: null, onWifi: false });
  assert.equal(await page.hears("not-kept"), true);
  await page.forget("roof");
  assert.deepEqual([device.holderOf("roof"), device.rowOf("roof")?.record.subject], ["dead", "ada"]);
  assert.equal((await device.bytes.read("of-roof", "original"))?.size, 13);
});

test("how many pages ended while they made a file's smaller pictures is known to the next one, and forgotten once one did not", async () => {
  const device = new Device();
  await device.keep("roof", "chosen here");
  const counted: number[] = [];
  for (const isOver of [false, false, true, false]) {
    const page = device.open("page");
    const found = (await page.restore())?.uploads[0]?.interrupted ?? -1;
    counted.push(found);
    page.keeping.take({ kind: "at-work", clientRef: "roof", interrupted: found + 1 });
    await quiet();
    if (isOver) {
      page.keeping.take({ kind: "at-work", clientRef: "roof", interrupted: 0 });
      await quiet();
    }
    device.alive.delete("page");
    const row = device.rowOf("roof");
    device.database.put("uploads", { ...row, holder: "dead" });
  }
  assert.deepEqual(counted, [0, 1, 2, 0]);
});
