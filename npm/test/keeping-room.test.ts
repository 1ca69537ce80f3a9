/** What the keeping worker does where room comes and goes, and with what could not be done the first time. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Device, quiet, type Page } from "./fake-device.js";
import { keptRecord } from "./kept-record.js";

let nowMs: number;
beforeEach(() => {
  nowMs = 0;
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => nowMs);
});
afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

/** Until everything that waited for its turn has had it. */
async function later(): Promise<void> {
  nowMs += 10_000;
  mock.timers.tick(10_000);
  await quiet();
}

/** A file of that name is chosen in this page. */
async function choose(page: Page, ref: string, file = new Blob([`bytes of ${ref}`])): Promise<void> {
  page.keeping.take({ kind: "keep", upload: keptRecord(ref, file, { bytes: "none" }), file, handle: null, onWifi: false });
  await quiet();
}

test("what another page begins to keep while left-overs are looked for is none", async () => {
  const device = new Device();
  await device.bytes.write("half", "original", new Blob(["h"]));
  const { folders } = device.bytes;
  device.bytes.folders = async () => {
    await device.keep("roof", "other");
    return folders.call(device.bytes);
  };
  await device.open("page").restore();
  assert.deepEqual([...device.bytes.kept.keys()], ["of-roof"]);
});

test("nothing is written before the row that names its folder", async () => {
  const device = new Device();
  const page = device.open("page");
  let goOn: (folders: string[]) => void = () => undefined;
  device.bytes.folders = () => new Promise((resolve) => (goOn = resolve));
  await page.restore();
  await choose(page, "roof");
  const prepared = { content_type: "image/jpeg", metadata: null, warnings: [], variants: [] };
  page.keeping.take({ kind: "prepared", clientRef: "roof", prepared, variants: [new Blob(["thumb"])] });
  await later();
  assert.deepEqual([device.rowOf("roof"), [...device.bytes.kept.keys()]], [undefined, []]);
  goOn([]);
  await quiet();
  await later();
  const [names] = [...device.bytes.kept.values()].map((files) => [...files.keys()]);
  assert.deepEqual(names, ["0", "original"]);
});

test("a folder that cannot be removed yet keeps no other one that dead pages have left half written", async () => {
  const device = new Device();
  await device.bytes.write("busy", "original", new Blob(["a film"]));
  await device.bytes.write("left", "original", new Blob(["half"]));
  const { remove } = device.bytes;
  device.bytes.remove = async (folder) => {
    if (folder === "busy") {
      throw new DOMException("It is being written.", "NoModificationAllowedError");
    }
    await remove.call(device.bytes, folder);
  };
  await device.open("page").restore();
  assert.deepEqual([...device.bytes.kept.keys()], ["busy"]);
});

/** What a dead page has left, and the page that sends it. */
async function pageThatSends(...names: string[]) {
  const device = new Device();
  for (const name of names) {
    await device.keep(name, "dead");
  }
  const page = device.open("page");
  await page.restore();
  return { device, page };
}

/** A device that has no room for files beside that of a dead page, and the page that sends it. */
async function fullDevice() {
  const { device, page } = await pageThatSends("roof");
  const { write } = device.bytes;
  const room = { isFull: true, attempts: 0 };
  device.bytes.write = async (...copy) => {
    room.attempts += 1;
    if (room.isFull) {
      throw new DOMException("There is no room.", "QuotaExceededError");
    }
    await write.apply(device.bytes, copy);
  };
  const told = (kind: string): (string | undefined)[] =>
    page.told.flatMap((message) => (message.kind === kind && "clientRef" in message ? [message.clientRef] : []));
  return { device, page, room, told };
}

test("files for which there was no room are copied when another one has made some", async () => {
  const { device, page, room, told } = await fullDevice();
  await choose(page, "door");
  await choose(page, "wall");
  await later();
  await later();
  assert.deepEqual(told("not-kept").sort(), ["door", "wall"]);
  room.isFull = false;
  await later();
  assert.deepEqual(told("kept"), [], "nothing has made room as far as is known");
  await page.forget("roof");
  await later();
  await later();
  assert.deepEqual(told("kept").sort(), ["door", "wall"]);
  assert.deepEqual([device.rowOf("door"), device.rowOf("wall")].map((row) => row?.record.bytes), ["opfs", "opfs"]);
});

test("as long as there is no room one file is tried, and nobody is told of it again; when a person comes back another one", async () => {
  const { page, room, told } = await fullDevice();
  await choose(page, "door");
  await choose(page, "wall");
  await later();
  await later();
  assert.equal(room.attempts, 2);
  await page.forget("roof");
  await later();
  await later();
  assert.deepEqual([room.attempts, told("not-kept").length], [3, 2]);
  room.isFull = false;
  page.keeping.take({ kind: "wake" });
  await later();
  await later();
  assert.deepEqual([room.attempts, told("kept").length], [5, 2]);
});

test("a large file for which there is no room is tried ever more rarely: each time it fills what there is", async () => {
  const { page, room } = await fullDevice();
  await choose(page, "film", new Blob([new Uint8Array(40 * 1024 * 1024)]));
  await later();
  const triedAt: number[] = [];
  for (let woken = 1; woken <= 16; woken++) {
    const { attempts } = room;
    page.keeping.take({ kind: "wake" });
    await later();
    if (room.attempts > attempts) {
      triedAt.push(woken);
    }
  }
  assert.deepEqual([room.attempts, triedAt], [4, [2, 5, 10]]);
});

test("a file that is tried again while it is being copied is kept once it is copied anew, and not before", async () => {
  const device = new Device();
  const page = device.open("page");
  const { write } = device.bytes;
  const copies: (() => void)[] = [];
  device.bytes.write = async (...copy) => {
    await new Promise<void>((goOn) => copies.push(goOn));
    await write.apply(device.bytes, copy);
  };
  const isKept = (): boolean => page.told.some(({ kind }) => kind === "kept");
  await choose(page, "roof");
  await later();
  await choose(page, "roof");
  copies[0]?.();
  await quiet();
  await later();
  // Should the page die now, the next one must not take what is half written for the whole.
  assert.deepEqual([copies.length, device.rowOf("roof")?.record.bytes, isKept()], [2, "none", false]);
  copies[1]?.();
  await quiet();
  assert.deepEqual([device.rowOf("roof")?.record.bytes, isKept()], ["opfs", true]);
  assert.deepEqual([...device.bytes.kept.keys()], [device.rowOf("roof")?.folder]);
});

test("a copy that is all there is of a file is not copied over itself when that is tried again, by its page or by the next one", async () => {
  for (const isRestored of [true, false]) {
    const device = new Device();
    await device.keep("roof", "dead", { paused: true });
    const page = device.open("page");
    if (isRestored) {
      await page.restore();
    }
    await choose(page, "roof");
    await later();
    const { holder, folder, record } = device.rowOf("roof") ?? assert.fail("it is not kept any more");
    assert.deepEqual([holder, folder, record.bytes, record.paused], ["page", "of-roof", "opfs", false]);
    assert.deepEqual([[...device.bytes.kept.keys()], page.told.some(({ kind }) => kind === "kept")], [["of-roof"], true]);
    await page.forget("roof");
    assert.deepEqual([device.rowOf("roof"), device.bytes.kept.size], [undefined, 0]);
  }
});

test("a copy that goes on is not removed where a smaller picture of the try before ends while it is looked at", async () => {
  const { device, page } = await pageThatSends("roof");
  const { write, read } = device.bytes;
  let [wrote, looked] = [(): void => undefined, (): void => undefined];
  device.bytes.write = async (...copy) => {
    await write.apply(device.bytes, copy);
    await new Promise<void>((goOn) => (wrote = goOn));
  };
  device.bytes.read = async (...asked) => {
    const found = await read.apply(device.bytes, asked);
    await new Promise<void>((goOn) => (looked = goOn));
    return found;
  };
  const prepared = { content_type: "image/jpeg", metadata: null, warnings: [], variants: [] };
  page.keeping.take({ kind: "prepared", clientRef: "roof", prepared, variants: [new Blob(["thumb"])] });
  await later();
  await later();
  await choose(page, "roof");
  wrote();
  await quiet();
  looked();
  await quiet();
  assert.deepEqual([device.rowOf("roof")?.folder, page.told.some(({ kind }) => kind === "kept")], ["of-roof", true]);
  assert.equal(await device.bytes.kept.get("of-roof")?.get("original")?.text(), "bytes of roof");
});

test("what is tried again while what an earlier page has left of it is looked for goes on with that, or is copied where it is another file", async () => {
  for (const isSame of [true, false]) {
    const device = new Device();
    await device.keep("roof", "dead", isSame ? {} : { filename: "other.jpg" });
    const page = device.open("page");
    const { folders } = device.bytes;
    let goOn: () => void = () => undefined;
    device.bytes.folders = async () => {
      await new Promise<void>((resolve) => (goOn = resolve));
      return folders.call(device.bytes);
    };
    await page.restore();
    await choose(page, "roof");
    goOn();
    await quiet();
    await later();
    await later();
    const { folder, record } = device.rowOf("roof") ?? assert.fail("it is not kept any more");
    assert.deepEqual([folder === "of-roof", record.bytes, record.filename], [isSame, "opfs", "roof.jpg"]);
    assert.equal(await device.bytes.kept.get(folder)?.get("original")?.text(), "bytes of roof");
    await page.forget("roof");
    assert.deepEqual([device.rowOf("roof"), device.bytes.kept.has(folder)], [undefined, false]);
  }
});

test("what goes on is kept as waiting for Wi-Fi where its page says so now, whatever the page before said", async () => {
  const device = new Device();
  await device.keep("roof", "dead");
  const page = device.open("page");
  const file = new Blob(["bytes of roof"]);
  page.keeping.take({ kind: "keep", upload: keptRecord("roof", file, { bytes: "none" }), file, handle: null, onWifi: true });
  await quiet();
  assert.deepEqual([device.rowOf("roof")?.folder, device.rowOf("roof")?.onWifi], ["of-roof", true]);
});

test("a copy that cannot be read when its file is tried again stays, and is forgotten with it", async () => {
  const { device, page } = await pageThatSends("roof");
  device.bytes.unreadable.add("original");
  await choose(page, "roof");
  await later();
  assert.deepEqual([device.rowOf("roof")?.record.bytes, [...device.bytes.kept.keys()]], ["opfs", ["of-roof"]]);
  await page.forget("roof");
  assert.deepEqual([device.rowOf("roof"), device.bytes.kept.size], [undefined, 0]);
});

test("under the name of a file that is kept another one takes its place", async () => {
  const { device, page } = await pageThatSends("roof");
  const file = new Blob(["other bytes"]);
  page.keeping.take({ kind: "keep", upload: keptRecord("roof", file, { bytes: "none" }), file, handle: null, onWifi: false });
  await quiet();
  await later();
  assert.equal(device.rowOf("roof")?.record.size_bytes, file.size);
  assert.deepEqual([...device.bytes.kept.keys()], [device.rowOf("roof")?.folder]);
});

test("what nobody wants any more is not copied again", async () => {
  const { page, room } = await fullDevice();
  await choose(page, "door");
  await later();
  await page.forget("door");
  room.isFull = false;
  page.keeping.take({ kind: "wake" });
  await later();
  assert.equal(room.attempts, 1);
});

test("what could not be forgotten is as soon as something else can be written: no later page sends it", async () => {
  const { device, page } = await pageThatSends("roof", "door");
  // What fails with its connection is done once more.
  device.database.failures = 2;
  await page.forget("roof");
  assert.equal(device.holderOf("roof"), "page");
  page.keeping.take({ kind: "paused", clientRef: "door", paused: true });
  await quiet();
  assert.deepEqual([device.rowOf("roof"), [...device.bytes.kept.keys()]], [undefined, ["of-door"]]);
});

test("what is chosen again under the name of what could not be forgotten stays, and a page that ends tries once more", async () => {
  const { device, page } = await pageThatSends("roof", "door");
  device.database.failures = 2;
  await page.forget("roof");
  await choose(page, "roof");
  assert.deepEqual([device.rowOf("roof")?.record.bytes, [...device.bytes.kept.keys()]], ["none", ["of-door"]]);
  device.database.failures = 2;
  await page.forget("door");
  await page.keeping.end();
  assert.deepEqual([device.rowOf("door"), device.bytes.kept.size], [undefined, 0]);
});

test("where there is no room to write that a file is gone its bytes go first", async () => {
  const { device, page } = await pageThatSends("roof");
  Object.assign(device.database, { failures: 1, failure: "QuotaExceededError" });
  await page.forget("roof");
  assert.deepEqual([device.rowOf("roof"), device.bytes.kept.size], [undefined, 0]);
});
