/**
 * Bytes in IndexedDB, where a browser has no private file system that a worker can write (WebKitGTK, pages
 * without https). As one blob, which the browser keeps on disk; in pieces where it stores no blobs
 * (private windows of WebKit).
 */
import { readBytes } from "../read-bytes.js";
import { CHUNK_BYTES, Unwanted, type ByteStore } from "./bytes.js";
import { transact, type QueueDatabase } from "./database.js";

/** Stands for a file that lies in pieces, under its key with their number appended. */
interface Pieces {
  size: number;
  count: number;
}

export class IndexedDbBytes implements ByteStore {
  readonly place = "indexed_db";
  readonly #database: QueueDatabase;

  constructor(database: QueueDatabase) {
    this.#database = database;
  }

  async write(folder: string, name: string, bytes: Blob, isWanted: () => boolean): Promise<void> {
    if (!isWanted()) {
      throw new Unwanted();
    }
    // Of a file of which nothing comes the database would wait for ever, and everything else for the database.
    await readBytes(bytes.slice(0, 1));
    try {
      // Without a name of its own: a copy of the bytes, not a reference to the user's file.
      await this.#put([folder, name], bytes.slice(0, bytes.size, bytes.type));
    } catch (thrown) {
      if (thrown instanceof DOMException && thrown.name === "QuotaExceededError") {
        throw thrown;
      }
      try {
        await this.#writePieces(folder, name, bytes, isWanted);
      } catch (failure) {
        await this.#delete(folder, name).catch(() => {
          // It is not counted as kept; whoever removes the folder removes it.
        });
        throw failure;
      }
    }
  }

  async read(folder: string, name: string): Promise<Blob | null> {
    const found = await this.#get(folder, name);
    if (found === null || found instanceof Blob) {
      return found;
    }
    const pieces: Blob[] = [];
    for (let index = 0; index < found.count; index += 1) {
      const piece = await transact<ArrayBuffer | undefined>(this.#database, "blobs", "readonly", (store) =>
        store("blobs").get([folder, name, index]),
      );
      if (piece === undefined) {
        return null;
      }
      pieces.push(new Blob([piece]));
    }
    return new Blob(pieces);
  }

  remove(folder: string): Promise<void> {
    return this.#delete(folder);
  }

  async folders(): Promise<string[]> {
    const keys = await transact<IDBValidKey[]>(this.#database, "blobs", "readonly", (store) => store("blobs").getAllKeys());
    return [...new Set(keys.map((key) => (key as string[])[0] ?? ""))];
  }

  /** What says how many there are comes last: without it, nothing is there. */
  async #writePieces(folder: string, name: string, bytes: Blob, isWanted: () => boolean): Promise<void> {
    const count = Math.ceil(bytes.size / CHUNK_BYTES);
    for (let index = 0; index < count; index += 1) {
      if (!isWanted()) {
        throw new Unwanted();
      }
      const start = index * CHUNK_BYTES;
      await this.#put([folder, name, index], await readBytes(bytes.slice(start, start + CHUNK_BYTES)));
    }
    await this.#put([folder, name], { size: bytes.size, count } satisfies Pieces);
  }

  /** All that lies under a folder, or under a file's name in it: an array sorts after every number and string. */
  async #delete(...key: [folder: string, name?: string]): Promise<void> {
    await transact(this.#database, "blobs", "readwrite", (store) => store("blobs").delete(IDBKeyRange.bound(key, [...key, []])));
  }

  async #put(key: IDBValidKey, value: Blob | ArrayBuffer | Pieces): Promise<void> {
    await transact(this.#database, "blobs", "readwrite", (store) => store("blobs").put(value, key));
  }

  async #get(folder: string, name: string): Promise<Blob | Pieces | null> {
    const found = await transact<Blob | Pieces | undefined>(this.#database, "blobs", "readonly", (store) =>
      store("blobs").get([folder, name]),
    );
    return found ?? null;
  }
}
