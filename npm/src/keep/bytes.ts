/**
 * Where kept bytes lie: the origin private file system, written through synchronous handles a mebibyte at
 * a time; IndexedDB (`blob-bytes.ts`) where a browser has none.
 */
import type { KeptBytes } from "../generated/KeptBytes";
import { readBytes } from "../read-bytes.js";

/** Keeps blobs by folder and name. */
export interface ByteStore {
  readonly place: Extract<KeptBytes, "opfs" | "indexed_db">;
  /** Writes all of it, or rejects; what was written of a write that fails or is no longer wanted is removed. */
  write(folder: string, name: string, bytes: Blob, isWanted: () => boolean): Promise<void>;
  /** `null` where there is none, and only then: what may be there but cannot be read rejects. */
  read(folder: string, name: string): Promise<Blob | null>;
  remove(folder: string): Promise<void>;
  /** The folders that there are. */
  folders(): Promise<string[]>;
}

/** The write was given up because nobody wants the file any more. */
export class Unwanted extends Error {}

/** What is in memory at once, in bytes. */
export const CHUNK_BYTES = 1024 * 1024;
const ROOT = "windlass-queue";

/** What the DOM library's types do not know of workers. In engines of 2022 all but `write` give promises. */
interface SyncHandle {
  truncate(size: number): void | Promise<void>;
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void | Promise<void>;
  close(): void | Promise<void>;
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

  /** Rejects where the browser has no private file system, or, with `toWrite`, none that this worker can write. */
  static async open(toWrite: boolean): Promise<OpfsBytes> {
    if (toWrite && !("createSyncAccessHandle" in FileSystemFileHandle.prototype)) {
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
      // What lay here before, as of a file that is tried once more, may have been longer.
      await handle.truncate(0);
      for (let at = 0; at < bytes.size; at += CHUNK_BYTES) {
        if (!isWanted()) {
          throw new Unwanted();
        }
        // One file of which nothing comes must not keep all others from being kept.
        const chunk = new Uint8Array(await readBytes(bytes.slice(at, at + CHUNK_BYTES)));
        if (handle.write(chunk, { at }) !== chunk.length) {
          throw new DOMException("The device has no room left.", "QuotaExceededError");
        }
      }
      await handle.flush();
      whole = true;
    } finally {
      // Until then nobody may remove it.
      await handle.close();
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
    } catch (thrown) {
      if (isNotFound(thrown)) {
        return null;
      }
      throw thrown;
    }
  }

  async remove(folder: string): Promise<void> {
    try {
      await this.#root.removeEntry(folder, { recursive: true });
    } catch (thrown) {
      if (!isNotFound(thrown)) {
        throw thrown;
      }
    }
  }

  async folders(): Promise<string[]> {
    const folders: string[] = [];
    for await (const folder of this.#root.keys()) {
      folders.push(folder);
    }
    return folders;
  }
}

function isNotFound(thrown: unknown): boolean {
  return thrown instanceof DOMException && thrown.name === "NotFoundError";
}
