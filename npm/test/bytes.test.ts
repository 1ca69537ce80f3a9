/** The origin private file system, as far as a test can stand in for it. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { OpfsBytes, type ByteStore } from "../src/keep/bytes.js";
import { writeSomewhere } from "../src/keep/places.js";
import { NothingCame } from "../src/read-bytes.js";
import { settle } from "./fake-worker.js";

/** A file that is written in place, as synchronous handles do. */
class FakeFile {
  bytes = new Uint8Array();

  async createSyncAccessHandle(): Promise<unknown> {
    return {
      truncate: (size: number) => (this.bytes = this.bytes.slice(0, size)),
      write: (chunk: Uint8Array, { at }: { at: number }) => {
        const grown = new Uint8Array(Math.max(this.bytes.length, at + chunk.length));
        grown.set(this.bytes);
        grown.set(chunk, at);
        this.bytes = grown;
        return chunk.length;
      },
      flush: () => undefined,
      close: () => undefined,
    };
  }

  async getFile(): Promise<Blob> {
    return new Blob([this.bytes]);
  }
}

/** Runs with a private file system in which every folder is this one. */
async function withFolder(folder: object, run: (bytes: OpfsBytes) => Promise<void>): Promise<void> {
  const root = { getDirectoryHandle: async () => folder };
  const top = { getDirectoryHandle: async () => root };
  const { navigator } = globalThis;
  Object.defineProperty(globalThis, "navigator", { value: { storage: { getDirectory: async () => top } }, configurable: true });
  try {
    await run(await OpfsBytes.open(false));
  } finally {
    Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  }
}

test("what is written again under its name is as long as it is now, not as long as it was", async () => {
  const file = new FakeFile();
  await withFolder({ getFileHandle: async () => file }, async (bytes) => {
    await bytes.write("roof", "0", new Blob(["a long picture"]), () => true);
    await bytes.write("roof", "0", new Blob(["a short one"]), () => true);
    assert.equal(await (await bytes.read("roof", "0"))?.text(), "a short one");
  });
});

test("only what the browser calls not found is gone: what it cannot read is not", async () => {
  let name = "NotFoundError";
  const getFileHandle = (): Promise<never> => Promise.reject(new DOMException("No.", name));
  await withFolder({ getFileHandle }, async (bytes) => {
    assert.equal(await bytes.read("roof", "original"), null);
    for (name of ["NotReadableError", "InvalidStateError", "UnknownError"]) {
      await assert.rejects(bytes.read("roof", "original"), { name });
    }
  });
});

test("in engines of 2022 a file is whole once it is flushed, and removed where that fails once it is closed", async () => {
  let isOpen = true;
  const removed: string[] = [];
  const handle = {
    truncate: async () => undefined,
    write: (chunk: Uint8Array) => chunk.length,
    flush: () => Promise.reject(new DOMException("No room.", "QuotaExceededError")),
    close: async () => {
      await settle();
      isOpen = false;
    },
  };
  const getFileHandle = async (): Promise<unknown> => ({ createSyncAccessHandle: async () => handle });
  const removeEntry = async (name: string): Promise<void> => void removed.push(isOpen ? "in use" : name);
  await withFolder({ getFileHandle, removeEntry }, async (bytes) => {
    await assert.rejects(bytes.write("roof", "0", new Blob(["bytes"]), () => true), { name: "QuotaExceededError" });
    assert.deepEqual(removed, ["0"]);
  });
});

test("a file of which nothing comes is given up after a minute: what was written of it is removed, and no other place waits for it", async () => {
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    const removed: string[] = [];
    const removeEntry = async (name: string): Promise<void> => void removed.push(name);
    await withFolder({ getFileHandle: async () => new FakeFile(), removeEntry }, async (bytes) => {
      const hanging = new Blob(["bytes"]);
      hanging.slice = () => Object.assign(new Blob(), { arrayBuffer: () => new Promise<ArrayBuffer>(() => undefined) });
      const other = { write: async () => void removed.push("written elsewhere") } as unknown as ByteStore;
      let isOver = false;
      const writing = writeSomewhere([bytes, other], "roof", "original", hanging, () => true).finally(() => (isOver = true));
      const refused = assert.rejects(writing, NothingCame);
      await settle();
      mock.timers.tick(50_000);
      await settle();
      assert.equal(isOver, false);
      mock.timers.tick(10_000);
      await refused;
      assert.deepEqual(removed, ["original"]);
    });
  } finally {
    mock.timers.reset();
  }
});
