import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { Keeper, type KeeperOptions } from "../src/keep/keeper.js";
import { NOTHING_KEPT, type NotKeptCode, type StorageReport } from "../src/keep/messages.js";
import { FakeDatabase } from "./fake-database.js";
import { FakeWorker, settle } from "./fake-worker.js";
import { keptRecord } from "./kept-record.js";

// Of Node's only from 21.
if (!("navigator" in globalThis)) {
  Object.defineProperty(globalThis, "navigator", { value: {} });
}

interface Harness {
  keeper: Keeper;
  workers: FakeWorker[];
  /** What was said not to be kept. */
  notKept: [string, NotKeptCode][];
  /** What was told of other tabs, in order. */
  told: string[];
}

/** A keeper whose worker a test answers for. */
function keeperOf(changes: Partial<KeeperOptions> = {}): Harness {
  const workers: FakeWorker[] = [];
  const notKept: [string, NotKeptCode][] = [];
  const told: string[] = [];
  const keeper = new Keeper({
    startWorker: () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker;
    },
    compile: () => Promise.reject(new Error("nothing is restored here")),
    endpoint: "https://photos.example.com",
    project: "p",
    onWifi: false,
    whoIsIt: async () => null,
    onFound: () => told.push("found"),
    onKept: () => undefined,
    onNotKept: (clientRef, code) => notKept.push([clientRef, code]),
    onRestored: (uploads) => told.push(`restored ${uploads.length}`),
    onGone: (session) => told.push(`gone ${session}`),
    ...changes,
  });
  return { keeper, workers, notKept, told };
}

test("a report is what the worker says", async () => {
  const { keeper, workers } = keeperOf();
  const asked = keeper.report();
  workers[0]?.say({ kind: "ready" });
  const report: StorageReport = { ...NOTHING_KEPT, place: "opfs", kept_files: 2 };
  workers[0]?.say({ kind: "report", question: 1, report });
  assert.deepEqual(await asked, report);
});

test("where the worker breaks as it starts a report says so, also the one that is waited for, and no file is called kept", async () => {
  const { keeper, workers, notKept } = keeperOf();
  keeper.add("before", new Blob(["a"]), "before.jpg", false, undefined);
  const asked = keeper.report();
  workers[0]?.crash("unexpected token");
  assert.deepEqual(await asked, NOTHING_KEPT);
  assert.deepEqual(await keeper.report(), NOTHING_KEPT);
  keeper.add("after", new Blob(["b"]), "after.jpg", false, undefined);
  assert.deepEqual(notKept, [
    ["before", "storage_unavailable"],
    ["after", "storage_unavailable"],
  ]);
});

test("while the worker cannot be had a report is answered, and again by the worker when it is there", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { keeper, workers } = keeperOf();
    const asked = keeper.report();
    workers[0]?.crash("");
    assert.deepEqual(await asked, NOTHING_KEPT);
    assert.deepEqual(await keeper.report(), NOTHING_KEPT);
    keeper.wake();
    workers[1]?.say({ kind: "ready" });
    const again = keeper.report();
    workers[1]?.say({ kind: "report", question: 2, report: { ...NOTHING_KEPT, kept_files: 1 } });
    assert.equal((await again).kept_files, 1);
    keeper.close();
  } finally {
    mock.timers.reset();
  }
});

test("a report that is waited for is answered when the keeper is closed, and one asked for later too", async () => {
  const { keeper } = keeperOf();
  const asked = keeper.report();
  keeper.close();
  assert.deepEqual(await asked, NOTHING_KEPT);
  assert.deepEqual(await keeper.report(), NOTHING_KEPT);
});

test("what the worker could not hear of before it came it hears in the right order: files, then who sends them and when", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { keeper, workers } = keeperOf();
    keeper.add("a", new Blob(["a"]), "a.jpg", false, undefined);
    workers[0]?.crash("");
    keeper.setSubject("ann");
    keeper.setOnWifi(true);
    assert.equal(workers.length, 1, "neither is a reason to ask for the worker sooner");
    keeper.wake();
    workers[1]?.say({ kind: "ready" });
    const kinds = (workers[1]?.received ?? []).map((message) => (message as { kind: string }).kind);
    assert.deepEqual(kinds, ["start", "keep", "subject", "originals", "wake"]);
    keeper.close();
  } finally {
    mock.timers.reset();
  }
});

test("when the first file is chosen the browser is asked, once, not to throw away what is kept", () => {
  let asked = 0;
  const storage = { persist: async () => ((asked += 1), true) };
  const before = Object.getOwnPropertyDescriptor(globalThis.navigator, "storage");
  Object.defineProperty(globalThis.navigator, "storage", { value: storage, configurable: true });
  try {
    const { keeper } = keeperOf();
    assert.equal(asked, 0, "as long as there is nothing to keep there is nothing to ask for");
    keeper.add("a", new Blob(["a"]), "a.jpg", false, undefined);
    keeper.add("b", new Blob(["b"]), "b.jpg", false, undefined);
    assert.equal(asked, 1, "some browsers ask the user");
    keeper.close();
  } finally {
    if (before === undefined) {
      delete (globalThis.navigator as { storage?: unknown }).storage;
    } else {
      Object.defineProperty(globalThis.navigator, "storage", before);
    }
  }
});

test("all bytes of a file are kept when the worker has said so, until it is forgotten", () => {
  const { keeper, workers } = keeperOf();
  keeper.add("a", new Blob(["a"]), "a.jpg", true, undefined);
  workers[0]?.say({ kind: "ready" });
  assert.equal(keeper.isKept("a"), false);
  workers[0]?.say({ kind: "kept", clientRef: "a" });
  assert.equal(keeper.isKept("a"), true);
  keeper.forget("a");
  assert.equal(keeper.isKept("a"), false);
  keeper.close();
});

const RESTORED = { kind: "restored", uploads: [], missing: [], unreadable: [], elsewhere: 0, isWhole: true };
const lastKind = (worker: FakeWorker | undefined): string => (worker?.received.at(-1) as { kind: string }).kind;

test("of a tab that is gone it is told when what it left was looked for, however long a token for that takes", async () => {
  let signIn: (subject: string) => void = () => undefined;
  const whoIsIt = (): Promise<string> => new Promise((resolve) => (signIn = resolve));
  const { keeper, workers, told } = keeperOf({ whoIsIt, compile: async () => ({}) as WebAssembly.Module });
  keeper.watch("a");
  workers[0]?.say({ kind: "ready" });
  workers[0]?.say({ kind: "gone", session: "a" });
  await settle();
  assert.deepEqual(told, [], "what it left may be on this device");
  signIn("ann");
  await settle();
  assert.equal(lastKind(workers[0]), "restore");
  workers[0]?.say({ kind: "gone", session: "b" });
  workers[0]?.say(RESTORED);
  assert.deepEqual(told, ["restored 0", "gone a"], "the other one lived when it was looked");
  await settle();
  signIn("ann");
  await settle();
  workers[0]?.say(RESTORED);
  assert.deepEqual(told, ["restored 0", "gone a", "restored 0", "gone b"]);
  keeper.close();
});

test("what could not be read is looked for again, and until then nobody calls it lost", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { keeper, workers, told } = keeperOf({ whoIsIt: async () => "ann", compile: async () => ({}) as WebAssembly.Module });
    keeper.watch("a");
    workers[0]?.say({ kind: "ready" });
    workers[0]?.say({ kind: "gone", session: "a" });
    await settle();
    workers[0]?.say({ ...RESTORED, isWhole: false });
    const heard = workers[0]?.received.length;
    mock.timers.tick(1_000);
    await settle();
    assert.deepEqual([workers[0]?.received.length, lastKind(workers[0])], [Number(heard) + 1, "restore"]);
    assert.deepEqual(told, ["restored 0"]);
    workers[0]?.say(RESTORED);
    assert.deepEqual(told, ["restored 0", "restored 0", "gone a"]);
    keeper.close();
  } finally {
    mock.timers.reset();
  }
});

test("where the worker breaks nobody will look, and it is told of tabs that are gone at once", async () => {
  const { keeper, workers, told } = keeperOf({ whoIsIt: async () => "ann", compile: async () => ({}) as WebAssembly.Module });
  keeper.watch("a");
  workers[0]?.say({ kind: "ready" });
  workers[0]?.say({ kind: "gone", session: "a" });
  await settle();
  workers[0]?.say({ kind: "gone", session: "b" });
  workers[0]?.crash("out of memory");
  assert.deepEqual(told, ["gone a", "gone b"]);
  keeper.close();
});

/** A keeper whose worker keeps all of a file of three bytes, which cannot be read any more. */
async function unreadable() {
  const harness = keeperOf({ whoIsIt: async () => "ann", compile: async () => ({}) as WebAssembly.Module });
  const { keeper, workers, told } = harness;
  const file = new File(["abc"], "a.jpg");
  keeper.add("a", file, "a.jpg", false, undefined);
  workers[0]?.say({ kind: "ready" });
  workers[0]?.say({ kind: "kept", clientRef: "a" });
  void keeper.readAgain("a").then((read) => told.push(`read ${read?.file.size}`));
  await settle();
  const { kind, unreadable: asked } = workers[0]?.received.at(-1) as { kind: string; unreadable: string[] };
  assert.deepEqual([kind, asked], ["restore", ["a"]]);
  const found = { upload: keptRecord("a", file), file, variants: [], onWifi: false, interrupted: 0 };
  return { ...harness, found };
}

test("what is kept of a file that cannot be read any more is told of once, and not called found", async () => {
  const { keeper, workers, told, found } = await unreadable();
  for (let times = 0; times < 2; times += 1) {
    workers[0]?.say({ ...RESTORED, uploads: [found], unreadable: ["a"] });
    await settle();
  }
  assert.deepEqual(told, ["restored 0", "read 3", "restored 0"]);
  assert.equal(keeper.isKept("a"), true);
  keeper.close();
});

test("where that is gone, too, it is told so, and the file is not kept any more", async () => {
  const { keeper, workers, told, found } = await unreadable();
  workers[0]?.say({ ...RESTORED, missing: [found.upload], unreadable: ["a"] });
  await settle();
  assert.deepEqual(told, ["restored 0", "read undefined"]);
  assert.equal(keeper.isKept("a"), false);
  keeper.close();
});

test("what is kept and cannot be read this time either is read when it can be", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    const { keeper, workers, told, found } = await unreadable();
    workers[0]?.say({ ...RESTORED, unreadable: ["a"], isWhole: false });
    mock.timers.tick(1_000);
    await settle();
    assert.equal(lastKind(workers[0]), "restore");
    assert.deepEqual(told, ["restored 0"]);
    workers[0]?.say({ ...RESTORED, uploads: [found], unreadable: ["a"] });
    await settle();
    assert.deepEqual(told, ["restored 0", "restored 0", "read 3"]);
    keeper.close();
  } finally {
    mock.timers.reset();
  }
});

test("where the worker breaks nobody waits for what it keeps", async () => {
  const { keeper, workers, told } = await unreadable();
  workers[0]?.crash("out of memory");
  await settle();
  assert.deepEqual(told, ["read undefined"]);
  assert.equal(await keeper.readAgain("a"), null);
  keeper.close();
});

for (const what of ["list of databases", "count of rows"] as const) {
  test(`a first look whose ${what} fails is repeated: what earlier pages have left is not taken for nothing`, async () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    const database = new FakeDatabase();
    database.put("uploads", { namespace: "https://photos.example.com p", ref: "roof" });
    // What fails with its connection is done once more.
    database.failures = what === "count of rows" ? 2 : 0;
    let looks = 0;
    const databases = async (): Promise<{ name: string }[]> => {
      looks += 1;
      if (looks === 1 && what === "list of databases") {
        throw new DOMException("The connection to the storage was lost.", "UnknownError");
      }
      return database.asFactory.databases();
    };
    Object.assign(globalThis, { indexedDB: { ...database.asFactory, databases } });
    try {
      const { keeper, workers } = keeperOf({ whoIsIt: async () => "ann", compile: async () => ({}) as WebAssembly.Module });
      await keeper.resume();
      assert.equal(workers.length, 0);
      mock.timers.tick(2_000);
      await settle();
      assert.deepEqual([looks, workers.length], [2, 1]);
      workers[0]?.say({ kind: "ready" });
      assert.equal(lastKind(workers[0]), "restore");
      keeper.close();
    } finally {
      Reflect.deleteProperty(globalThis, "indexedDB");
      mock.timers.reset();
    }
  });
}

test("what earlier pages have left is told of at once, also while nobody can say who is signed in", async () => {
  const database = new FakeDatabase();
  Object.assign(globalThis, { indexedDB: database.asFactory });
  const { keeper, told } = keeperOf({ whoIsIt: () => new Promise(() => undefined) });
  try {
    await keeper.resume();
    assert.deepEqual(told, []);
    database.put("uploads", { namespace: "https://photos.example.com p", ref: "roof" });
    await keeper.resume();
    assert.deepEqual(told, ["found"]);
  } finally {
    keeper.close();
    Reflect.deleteProperty(globalThis, "indexedDB");
  }
});

test("where a page may store nothing there is nothing to look for again", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let looks = 0;
  const databases = async (): Promise<never> => {
    looks += 1;
    throw new DOMException("Storage is blocked.", "SecurityError");
  };
  Object.assign(globalThis, { indexedDB: { databases } });
  try {
    const { keeper } = keeperOf();
    await keeper.resume();
    mock.timers.tick(60_000);
    await settle();
    assert.equal(looks, 1);
    keeper.close();
  } finally {
    Reflect.deleteProperty(globalThis, "indexedDB");
    mock.timers.reset();
  }
});

test("what had failed can be discarded after its page has let go of it; what was under way then, or is another page's by now, stays", async () => {
  const database = new FakeDatabase();
  Object.assign(globalThis, { indexedDB: database.asFactory });
  try {
    const { keeper } = keeperOf();
    const names = ["refused", "under way", "taken over"];
    for (const ref of names) {
      keeper.add(ref, new Blob([ref]), `${ref}.jpg`, false, undefined);
      database.put("uploads", { namespace: keeper.namespace, ref, holder: ref === "taken over" ? "another page" : keeper.session });
    }
    keeper.close();
    keeper.forget("under way");
    names.forEach((ref) => keeper.discard(ref));
    await settle();
    assert.deepEqual(database.rows<{ ref: string }>("uploads").map(({ ref }) => ref), ["under way", "taken over"]);
  } finally {
    Reflect.deleteProperty(globalThis, "indexedDB");
  }
});
