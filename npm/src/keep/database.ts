/** The queue's database: one row an upload, and blobs where the browser has no private file system. */
import type { KeptUpload } from "../generated/KeptUpload";

export const DATABASE = "windlass";
const VERSION = 1;

/** Where the pages of one queue talk to each other. */
export function channelName(namespace: string): string {
  return `windlass ${namespace}`;
}

export type StoreName = "uploads" | "blobs" | "sessions";

/** One upload, and which page answers for it. */
export interface UploadRow {
  namespace: string;
  ref: string;
  /** The session that sends it; `null` where nobody does. */
  holder: string | null;
  /** The folder its bytes are in, made up for it. */
  folder: string;
  record: KeptUpload;
  /** Of the user's own file, where its bytes could not be kept. */
  handle: FileSystemFileHandle | null;
  /** Whether its original waits for Wi-Fi; absent in rows of earlier builds. */
  onWifi?: boolean;
}

/** A page's sign of life, where there are no Web Locks. */
export interface SessionRow {
  id: string;
  /** By the clock all pages of the device share, in milliseconds since 1970. */
  beat_ms: number;
}

export type Key = [namespace: string, ref: string];

export function openDatabase(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, VERSION);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("uploads", { keyPath: ["namespace", "ref"] });
      opening.result.createObjectStore("blobs");
      opening.result.createObjectStore("sessions", { keyPath: "id" });
    };
    opening.onsuccess = () => {
      // So that a page with a newer version of the package is not kept waiting by this one.
      opening.result.onversionchange = () => opening.result.close();
      resolve(opening.result);
    };
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new DOMException("An older page holds the queue's database.", "AbortError"));
  });
}

/**
 * One transaction. `work` gets its stores and returns a request whose result is wanted, or nothing; the
 * promise is settled by the transaction. What it wrote outlives the browser's processes; with `strict` it
 * outlives the battery as well, at the price of a flush.
 */
export function transact<Result>(
  database: IDBDatabase,
  stores: StoreName | StoreName[],
  mode: IDBTransactionMode,
  work: (store: (name: StoreName) => IDBObjectStore) => IDBRequest<Result> | void,
  durability: IDBTransactionDurability = "relaxed",
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, mode, { durability });
    const request = work((name) => transaction.objectStore(name));
    transaction.oncomplete = () => resolve(request?.result as Result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error ?? new DOMException("The transaction was ended.", "AbortError"));
  });
}

/** Every key of a namespace. */
export function inNamespace(namespace: string): IDBKeyRange {
  // An array sorts after every string.
  return IDBKeyRange.bound([namespace], [namespace, []]);
}

export function readRow(database: IDBDatabase, key: Key): Promise<UploadRow | undefined> {
  return transact<UploadRow | undefined>(database, "uploads", "readonly", (store) => store("uploads").get(key));
}

/** Changes a row that is there; `change` returns the new one, `null` to remove it, `undefined` to leave it. */
export function changeRow(
  database: IDBDatabase,
  key: Key,
  change: (row: UploadRow) => UploadRow | null | undefined,
  durability?: IDBTransactionDurability,
): Promise<void> {
  const work = (store: (name: StoreName) => IDBObjectStore): void => {
    const reading = store("uploads").get(key) as IDBRequest<UploadRow | undefined>;
    reading.onsuccess = () => {
      const changed = reading.result && change(reading.result);
      if (changed === null) {
        store("uploads").delete(key);
      } else if (changed !== undefined) {
        store("uploads").put(changed);
      }
    };
  };
  return transact(database, "uploads", "readwrite", work, durability);
}

/**
 * Puts a row, unless another session holds the one that is there; answers which. `gone` is a session that is known to
 * be dead.
 */
export async function putUnlessHeld(database: IDBDatabase, row: UploadRow, gone: string | null): Promise<string | null> {
  let other: string | null = null;
  await transact(database, "uploads", "readwrite", (store) => {
    const reading = store("uploads").get([row.namespace, row.ref]) as IDBRequest<UploadRow | undefined>;
    reading.onsuccess = () => {
      const holder = reading.result?.holder ?? null;
      if (holder === null || holder === row.holder || holder === gone) {
        store("uploads").put(row);
      } else {
        other = holder;
      }
    };
  });
  return other;
}
