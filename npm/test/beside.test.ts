/** What is found beside a row. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { readBeside } from "../src/keep/beside.js";
import type { UploadRow } from "../src/keep/database.js";

/** A row that keeps nothing but the handle of the user's own file, changed last at `last_modified_ms`. */
function rowOf(handle: { getFile: () => Promise<File> }, last_modified_ms: number | null): UploadRow {
  const record = { bytes: "handle", last_modified_ms, prepared: null };
  return { namespace: "n", ref: "roof", holder: null, folder: "of-roof", record, handle } as unknown as UploadRow;
}

test("a user's own file that was edited in place is not read again, though it is as long as it was", async () => {
  const file = new File(["bytes"], "roof.jpg", { lastModified: 2_000 });
  const handle = { getFile: async () => file };
  assert.equal((await readBeside([], rowOf(handle, 2_000))).original, file);
  assert.equal((await readBeside([], rowOf(handle, 1_000))).original, null);
  assert.equal((await readBeside([], rowOf(handle, null))).original, null, "nobody knows how it was");
});

test("a user's own file that is gone, or not allowed any more, is not there", async () => {
  const handle = { getFile: () => Promise.reject(new DOMException("It is gone.", "NotFoundError")) };
  assert.equal((await readBeside([], rowOf(handle, 2_000))).original, null);
});
