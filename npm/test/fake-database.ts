/** An IndexedDB in memory, as far as the queue uses one. Transactions go one after the other, as those that write do in a browser. */
import { DATABASE, QueueDatabase } from "../src/keep/database.js";

type Row = object;
interface Wish {
  run: () => unknown;
  request: { result?: unknown; onsuccess?: () => void };
}
interface Transaction {
  error: DOMException | null;
  objectStore: (name: string) => unknown;
  oncomplete?: () => void;
  onerror?: () => void;
  onabort?: () => void;
}

interface Connection {
  onclose: (() => void) | null;
  transaction: () => unknown;
  close: () => void;
}

const KEY_PATHS: Record<string, (row: Row) => unknown> = {
  uploads: (row) => [(row as { namespace: string }).namespace, (row as { ref: string }).ref],
  sessions: (row) => (row as { id: string }).id,
};

export class FakeDatabase {
  /** The rows of each store by their keys, as JSON. */
  readonly stores = new Map([["uploads", new Map<string, Row>()], ["sessions", new Map<string, Row>()], ["blobs", new Map<string, Row>()]]);
  /** Whether there is no room for anything that is put. */
  isFull = false;
  /** Private windows of WebKit take none. */
  takesBlobs = true;
  /** How many transactions fail from now on, and with what. */
  failures = 0;
  failure = "UnknownError";
  /** What the queue's modules take for a database. */
  readonly asDatabase = new QueueDatabase(async () => this.#connect() as unknown as IDBDatabase);
  /** What a page finds as `indexedDB`. */
  readonly asFactory = {
    databases: async () => [{ name: DATABASE }],
    open: () => {
      const request = { result: this.#connect(), onsuccess: () => undefined };
      queueMicrotask(() => request.onsuccess());
      return request;
    },
  };
  readonly #connections = new Set<Connection>();
  #last: Promise<void> = Promise.resolve();

  #connect(): Connection {
    const connection: Connection = {
      onclose: null,
      transaction: () => {
        if (!this.#connections.has(connection)) {
          throw new DOMException("The connection is closed.", "InvalidStateError");
        }
        return this.transaction();
      },
      close: () => this.#connections.delete(connection),
    };
    this.#connections.add(connection);
    return connection;
  }

  /** Closes it under everybody, as a browser may; `silently` also without telling. */
  closeAll(silently = false): void {
    const closed = [...this.#connections];
    this.#connections.clear();
    if (!silently) {
      closed.forEach(({ onclose }) => onclose?.());
    }
  }

  rows<Result extends Row>(store: string): Result[] {
    return [...(this.stores.get(store)?.values() ?? [])] as Result[];
  }

  put(store: string, row: Row, key: unknown = KEY_PATHS[store]?.(row)): void {
    this.stores.get(store)?.set(JSON.stringify(key), structuredClone(row));
  }

  /** What lies at a key, or in a range that begins with one. */
  #delete(store: string, key: unknown): void {
    const { lower } = key as { lower?: unknown };
    const rows = this.stores.get(store);
    const isMeant = (each: string): boolean =>
      lower === undefined ? each === JSON.stringify(key) : each.startsWith(JSON.stringify(lower).slice(0, -1));
    [...(rows?.keys() ?? [])].filter(isMeant).forEach((each) => rows?.delete(each));
  }

  transaction(): unknown {
    const wishes: Wish[] = [];
    const ask = (run: () => unknown): Wish["request"] => {
      const request = {};
      wishes.push({ run, request });
      return request;
    };
    const writes: (() => void)[] = [];
    let failure: DOMException | null = null;
    const fail = (name: string): void => {
      failure = new DOMException("It failed.", name);
    };
    const transaction: Transaction = {
      error: null,
      objectStore: (name) => ({
        get: (key: unknown) => ask(() => structuredClone(this.stores.get(name)?.get(JSON.stringify(key)))),
        getAll: (range?: { lower: [string] }) =>
          ask(() => {
            const rows = [...(this.stores.get(name)?.entries() ?? [])];
            const asked = rows.filter(([key]) => range === undefined || JSON.parse(key)[0] === range.lower[0]);
            return asked.map(([, row]) => structuredClone(row));
          }),
        count: () => ask(() => this.stores.get(name)?.size),
        put: (row: Row, key?: unknown) =>
          ask(() => {
            if (this.isFull || (row instanceof Blob && !this.takesBlobs)) {
              fail(this.isFull ? "QuotaExceededError" : "DataCloneError");
            } else {
              writes.push(() => this.put(name, row, key));
            }
          }),
        openCursor: () => ask(() => null),
        delete: (key: unknown) => ask(() => void writes.push(() => this.#delete(name, key))),
      }),
    };
    this.#last = this.#last.then(async () => {
      if (this.failures > 0) {
        this.failures -= 1;
        fail(this.failure);
      }
      for (let wish = wishes.shift(); wish !== undefined && failure === null; wish = wishes.shift()) {
        await Promise.resolve();
        wish.request.result = wish.run();
        wish.request.onsuccess?.();
      }
      if (failure === null) {
        writes.forEach((write) => write());
        transaction.oncomplete?.();
      } else {
        // A request that fails is told of first; the transaction has the error only once it has ended.
        transaction.onerror?.();
        transaction.error = failure;
        transaction.onabort?.();
      }
    });
    return transaction;
  }
}

// Not of Node's.
Object.assign(globalThis, { IDBKeyRange: { bound: (lower: unknown, upper: unknown) => ({ lower, upper }) } });
