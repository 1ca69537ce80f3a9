/** Two pages keep a file under one name: one of them has it, and what it keeps is never replaced under it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { putUnlessHeld, type UploadRow } from "../src/keep/database.js";

interface Wish {
  run: () => unknown;
  request: { result?: unknown; onsuccess?: () => void };
}

/** A database with one store whose transactions go one after the other, as those that write do in a browser. */
class FakeDatabase {
  readonly rows = new Map<string, UploadRow>();
  #last: Promise<void> = Promise.resolve();

  transaction(): unknown {
    const wishes: Wish[] = [];
    const ask = (run: () => unknown): Wish["request"] => {
      const request = {};
      wishes.push({ run, request });
      return request;
    };
    const transaction: { objectStore: () => unknown; oncomplete?: () => void } = {
      objectStore: () => ({
        get: ([, ref]: [string, string]) => ask(() => structuredClone(this.rows.get(ref))),
        put: (row: UploadRow) => ask(() => void this.rows.set(row.ref, structuredClone(row))),
      }),
    };
    this.#last = this.#last.then(async () => {
      for (let wish = wishes.shift(); wish !== undefined; wish = wishes.shift()) {
        await Promise.resolve();
        wish.request.result = wish.run();
        wish.request.onsuccess?.();
      }
      transaction.oncomplete?.();
    });
    return transaction;
  }
}

function databaseOf(): { database: IDBDatabase; holder: () => string | null | undefined } {
  const fake = new FakeDatabase();
  return { database: fake as unknown as IDBDatabase, holder: () => fake.rows.get("roof")?.holder };
}

const row = (holder: string): UploadRow => ({ namespace: "n", ref: "roof", holder, folder: `of ${holder}`, record: {} as UploadRow["record"], handle: null });

test("of two pages that keep one name at once one does, and the other is told who", async () => {
  const { database, holder } = databaseOf();
  const answers = await Promise.all([putUnlessHeld(database, row("a"), null), putUnlessHeld(database, row("b"), null)]);
  assert.deepEqual(answers, [null, "a"]);
  assert.equal(holder(), "a");
  assert.equal(await putUnlessHeld(database, row("a"), null), null, "whoever has it may put it again");
});

test("a row of a dead page is taken only while it is that page's", async () => {
  const { database, holder } = databaseOf();
  await putUnlessHeld(database, row("dead"), null);
  assert.equal(await putUnlessHeld(database, row("b"), null), "dead");
  // Both have found out that it is dead; one is faster.
  const answers = await Promise.all([putUnlessHeld(database, row("c"), "dead"), putUnlessHeld(database, row("b"), "dead")]);
  assert.deepEqual(answers, [null, "c"]);
  assert.equal(holder(), "c");
});
