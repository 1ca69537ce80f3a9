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
  /** How many pages in a row ended while they made its smaller pictures, of those that had found it; absent as long as none did. */
  interrupted?: number;
}

/** A page's sign of life, where there are no Web Locks. */
export interface SessionRow {
  id: string;
  /** By the clock all pages of the device share, in milliseconds since 1970. */
  beat_ms: number;
}

export type Key = [namespace: string, ref: string];

/**
 * The queue's database, opened when it is first asked for. A browser may close it under a page that lives, as iOS does to
 * those in the background: then it is opened anew, and what was asked is done once more.
 */
export class QueueDatabase {
  readonly #open: () => Promise<IDBDatabase>;
  #connection: Promise<IDBDatabase> | null = null;

  constructor(open: () => Promise<IDBDatabase> = openDatabase) {
    this.#open = open;
  }

  /** `work` may be done twice: of a transaction that was seen to fail with its connection nobody knows whether it was done. */
  async use<Result>(work: (database: IDBDatabase) => Promise<Result>): Promise<Result> {
    const connection = this.#connect();
    try {
      return await work(await connection);
    } catch (thrown) {
      if (!isLost(thrown)) {
        throw thrown;
      }
      this.#letGo(connection);
      return work(await this.#connect());
    }
  }

  close(): void {
    if (this.#connection !== null) {
      this.#letGo(this.#connection);
    }
  }

  #connect(): Promise<IDBDatabase> {
    if (this.#connection === null) {
      const connection = this.#open();
      this.#connection = connection;
      const letGo = (): void => this.#letGo(connection);
      connection.then((database) => (database.onclose = letGo), letGo);
    }
    return this.#connection;
  }

  #letGo(connection: Promise<IDBDatabase>): void {
    // Another one may be open by now.
    if (this.#connection === connection) {
      this.#connection = null;
    }
    connection.then((database) => database.close(), () => undefined);
  }
}

/** Whether the connection may be the reason: nobody here ends a transaction. */
function isLost(thrown: unknown): boolean {
  return thrown instanceof DOMException && ["InvalidStateError", "UnknownError", "AbortError"].includes(thrown.name);
}

function openDatabase(): Promise<IDBDatabase> {
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
  database: QueueDatabase,
  stores: StoreName | StoreName[],
  mode: IDBTransactionMode,
  work: (store: (name: StoreName) => IDBObjectStore) => IDBRequest<Result> | void,
  durability: IDBTransactionDurability = "relaxed",
): Promise<Result> {
  const once = (connection: IDBDatabase): Promise<Result> =>
    new Promise((resolve, reject) => {
      const transaction = connection.transaction(stores, mode, { durability });
      const request = work((name) => transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request?.result as Result);
      // Where a request fails this comes after it is told so: before, the transaction has no error yet.
      transaction.onabort = () => reject(transaction.error ?? new DOMException("The transaction was ended.", "AbortError"));
    });
  return database.use(once);
}

/** Every key of a namespace. */
export function inNamespace(namespace: string): IDBKeyRange {
  // An array sorts after every string.
  return IDBKeyRange.bound([namespace], [namespace, []]);
}

export function rowsOf(database: QueueDatabase, namespace: string): Promise<UploadRow[]> {
  return transact(database, "uploads", "readonly", (store) => store("uploads").getAll(inNamespace(namespace)));
}

export function readRow(database: QueueDatabase, key: Key): Promise<UploadRow | undefined> {
  return transact<UploadRow | undefined>(database, "uploads", "readonly", (store) => store("uploads").get(key));
}

/**
 * Changes a row that is there; `change` returns the new one, `null` to remove it, `undefined` to leave it. Resolves to
 * whether one was changed: where the site's data was cleared meanwhile the database is another one, and empty.
 */
export async function changeRow(
  database: QueueDatabase,
  key: Key,
  change: (row: UploadRow) => UploadRow | null | undefined,
  durability?: IDBTransactionDurability,
): Promise<boolean> {
  let isChanged = false;
  const work = (store: (name: StoreName) => IDBObjectStore): void => {
    const reading = store("uploads").get(key) as IDBRequest<UploadRow | undefined>;
    reading.onsuccess = () => {
      const changed = reading.result && change(reading.result);
      isChanged = changed !== undefined;
      if (changed === null) {
        store("uploads").delete(key);
      } else if (changed !== undefined) {
        store("uploads").put(changed);
      }
    };
  };
  await transact(database, "uploads", "readwrite", work, durability);
  return isChanged;
}

/**
 * Puts a row, unless another session holds the one that is there; answers which. `gone` is a session that is known to
 * be dead.
 */
export async function putUnlessHeld(database: QueueDatabase, row: UploadRow, gone: string | null): Promise<string | null> {
  let other: string | null = null;
  await transact(database, "uploads", "readwrite", (store) => {
    const reading = store("uploads").get([row.namespace, row.ref]) as IDBRequest<UploadRow | undefined>;
    reading.onsuccess = () => {
      const holder = reading.result?.holder ?? null;
      other = holder === row.holder || holder === gone ? null : holder;
      if (other === null) {
        store("uploads").put(row);
      }
    };
  });
  return other;
}
