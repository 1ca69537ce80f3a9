/**
 * Where kept bytes lie: the origin private file system, written through synchronous handles a mebibyte at
 * a time, or blobs in IndexedDB where a browser has none (WebKitGTK, pages without https).
 */
import type { KeptBytes } from "../generated/KeptBytes";
import { transact } from "./database.js";

/** Keeps blobs by folder and name. */
export interface ByteStore {
  readonly place: Extract<KeptBytes, "opfs" | "indexed_db">;
  /** Writes all of it, or rejects; what was written of a write that fails or is no longer wanted is removed. */
  write(folder: string, name: string, bytes: Blob, isWanted: () => boolean): Promise<void>;
  /** `null` where there is none. */
  read(folder: string, name: string): Promise<Blob | null>;
  remove(folder: string): Promise<void>;
  /** Removes every folder that `isKnown` does not know: what a page that died left half done. */
  sweep(isKnown: (folder: string) => boolean): Promise<void>;
}

/** The write was given up because nobody wants the file any more. */
export class Unwanted extends Error {}

const CHUNK_BYTES = 1024 * 1024;
const ROOT = "windlass-queue";

/** What the DOM library's types do not know of workers. */
interface SyncHandle {
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}
interface WorkerFileHandle extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncHandle>;
}
interface ListableDirectory extends FileSystemDirectoryHandle {
  keys(): AsyncIterableIterator<string>;
}

export class OpfsBytes implements ByteStore {
  readonly place = "opfs";
  readonly #root: ListableDirectory;

  private constructor(root: ListableDirectory) {
    this.#root = root;
  }

  /** Rejects where the browser has no private file system, or none that a worker can write. */
  static async open(): Promise<OpfsBytes> {
    if (!("createSyncAccessHandle" in FileSystemFileHandle.prototype)) {
      throw new DOMException("There is no way to write the private file system.", "NotSupportedError");
    }
    const root = await navigator.storage.getDirectory();
    return new OpfsBytes((await root.getDirectoryHandle(ROOT, { create: true })) as ListableDirectory);
  }

  async write(folder: string, name: string, bytes: Blob, isWanted: () => boolean): Promise<void> {
    const directory = await this.#root.getDirectoryHandle(folder, { create: true });
    const file = (await directory.getFileHandle(name, { create: true })) as WorkerFileHandle;
    const handle = await file.createSyncAccessHandle();
    let whole = false;
    try {
      for (let at = 0; at < bytes.size; at += CHUNK_BYTES) {
        if (!isWanted()) {
          throw new Unwanted();
        }
        const chunk = new Uint8Array(await bytes.slice(at, at + CHUNK_BYTES).arrayBuffer());
        if (handle.write(chunk, { at }) !== chunk.length) {
          throw new DOMException("The device has no room left.", "QuotaExceededError");
        }
      }
      handle.flush();
      whole = true;
    } finally {
      handle.close();
      if (!whole) {
        await directory.removeEntry(name).catch(() => {
          // It is not counted as kept; the next sweep removes it.
        });
      }
    }
  }

  async read(folder: string, name: string): Promise<Blob | null> {
    try {
      const directory = await this.#root.getDirectoryHandle(folder);
      return await (await directory.getFileHandle(name)).getFile();
    } catch {
      return null;
    }
  }

  async remove(folder: string): Promise<void> {
    try {
      await this.#root.removeEntry(folder, { recursive: true });
    } catch (thrown) {
      if (!(thrown instanceof DOMException && thrown.name === "NotFoundError")) {
        throw thrown;
      }
    }
  }

  async sweep(isKnown: (folder: string) => boolean): Promise<void> {
    for await (const folder of this.#root.keys()) {
      if (!isKnown(folder)) {
        await this.remove(folder);
      }
    }
  }
}

export class IndexedDbBytes implements ByteStore {
  readonly place = "indexed_db";
  readonly #database: IDBDatabase;

  constructor(database: IDBDatabase) {
    this.#database = database;
  }

  async write(folder: string, name: string, bytes: Blob, isWanted: () => boolean): Promise<void> {
    if (!isWanted()) {
      throw new Unwanted();
    }
    // Without a name of its own: a copy of the bytes, not a reference to the user's file.
    const copy = bytes.slice(0, bytes.size, bytes.type);
    await transact(this.#database, "blobs", "readwrite", (store) => store("blobs").put(copy, [folder, name]));
  }

  async read(folder: string, name: string): Promise<Blob | null> {
    const found = await transact<unknown>(this.#database, "blobs", "readonly", (store) => store("blobs").get([folder, name]));
    return found instanceof Blob ? found : null;
  }

  async remove(folder: string): Promise<void> {
    await transact(this.#database, "blobs", "readwrite", (store) =>
      store("blobs").delete(IDBKeyRange.bound([folder], [folder, []])),
    );
  }

  async sweep(isKnown: (folder: string) => boolean): Promise<void> {
    const keys = await transact<IDBValidKey[]>(this.#database, "blobs", "readonly", (store) => store("blobs").getAllKeys());
    const folders = new Set(keys.map((key) => (key as [string, string])[0]));
    for (const folder of folders) {
      if (!isKnown(folder)) {
        await this.remove(folder);
      }
    }
  }
}
