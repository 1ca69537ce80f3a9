/** Two pages keep a file under one name: one of them has it, and what it keeps is never replaced under it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { putUnlessHeld, readRow, type QueueDatabase, type UploadRow } from "../src/keep/database.js";
import { FakeDatabase } from "./fake-database.js";

function databaseOf(): { database: QueueDatabase; holder: () => string | null | undefined } {
  const fake = new FakeDatabase();
  return { database: fake.asDatabase, holder: () => fake.rows<UploadRow>("uploads")[0]?.holder };
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

test("a database that the browser has closed is opened anew, whether or not it said so", async () => {
  for (const silently of [false, true]) {
    const fake = new FakeDatabase();
    await putUnlessHeld(fake.asDatabase, row("a"), null);
    fake.closeAll(silently);
    assert.equal((await readRow(fake.asDatabase, ["n", "roof"]))?.holder, "a");
  }
});

test("what fails with its connection is done once more, and no third time", async () => {
  const fake = new FakeDatabase();
  fake.failures = 1;
  assert.equal(await putUnlessHeld(fake.asDatabase, row("a"), null), null);
  fake.failures = 2;
  await assert.rejects(putUnlessHeld(fake.asDatabase, row("b"), "a"), { name: "UnknownError" });
  assert.equal(await putUnlessHeld(fake.asDatabase, row("b"), "a"), null, "and then it is tried anew");
});

test("what there is no room for is not tried a second time", async () => {
  const fake = new FakeDatabase();
  fake.isFull = true;
  let attempts = 0;
  const transaction = fake.transaction.bind(fake);
  fake.transaction = () => ((attempts += 1), transaction());
  await assert.rejects(putUnlessHeld(fake.asDatabase, row("a"), null), { name: "QuotaExceededError" });
  assert.equal(attempts, 1);
});
