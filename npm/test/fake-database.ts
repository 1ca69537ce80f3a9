/** An IndexedDB in memory, as far as the queue uses one. Transactions go one after the other, as those that write do in a browser. */
type Row = object;
interface Wish {
  run: () => unknown;
  request: { result?: unknown; onsuccess?: () => void };
}
interface Transaction {
  error: DOMException | null;
  objectStore: (name: string) => unknown;
  oncomplete?: () => void;
  onabort?: () => void;
}

const KEY_PATHS: Record<string, (row: Row) => unknown> = {
  uploads: (row) => [(row as { namespace: string }).namespace, (row as { ref: string }).ref],
  sessions: (row) => (row as { id: string }).id,
};

export class FakeDatabase {
  /** The rows of each store by their keys, as JSON. */
  readonly stores = new Map([["uploads", new Map<string, Row>()], ["sessions", new Map<string, Row>()]]);
  /** Whether there is no room for anything that is put. */
  isFull = false;
  /** How many transactions fail from now on. */
  failures = 0;
  #last: Promise<void> = Promise.resolve();

  /** What the queue's modules take for a database. */
  get asDatabase(): IDBDatabase {
    return this as unknown as IDBDatabase;
  }

  rows<Result extends Row>(store: string): Result[] {
    return [...(this.stores.get(store)?.values() ?? [])] as Result[];
  }

  put(store: string, row: Row): void {
    this.stores.get(store)?.set(JSON.stringify(KEY_PATHS[store]?.(row)), structuredClone(row));
  }

  transaction(): unknown {
    const wishes: Wish[] = [];
    const ask = (run: () => unknown): Wish["request"] => {
      const request = {};
      wishes.push({ run, request });
      return request;
    };
    const writes: (() => void)[] = [];
    const fail = (name: string): void => {
      transaction.error = new DOMException("It failed.", name);
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
        put: (row: Row) =>
          ask(() => (this.isFull ? fail("QuotaExceededError") : void writes.push(() => this.put(name, row)))),
        openCursor: () => ask(() => null),
        delete: (key: unknown) => ask(() => void writes.push(() => this.stores.get(name)?.delete(JSON.stringify(key)))),
      }),
    };
    this.#last = this.#last.then(async () => {
      if (this.failures > 0) {
        this.failures -= 1;
        fail("UnknownError");
      }
      for (let wish = wishes.shift(); wish !== undefined && transaction.error === null; wish = wishes.shift()) {
        await Promise.resolve();
        wish.request.result = wish.run();
        wish.request.onsuccess?.();
      }
      if (transaction.error === null) {
        writes.forEach((write) => write());
        transaction.oncomplete?.();
      } else {
        transaction.onabort?.();
      }
    });
    return transaction;
  }
}

// Not of Node's.
Object.assign(globalThis, { IDBKeyRange: { bound: (lower: unknown, upper: unknown) => ({ lower, upper }) } });
