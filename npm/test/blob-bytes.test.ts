/** Bytes in IndexedDB where a browser stores no blobs there: in pieces. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { IndexedDbBytes } from "../src/keep/blob-bytes.js";
import { CHUNK_BYTES } from "../src/keep/bytes.js";
import { NothingCame } from "../src/read-bytes.js";
import { FakeDatabase } from "./fake-database.js";

const FILE = new Blob([new Uint8Array(2 * CHUNK_BYTES + 1).fill(7)]);

function piecemeal(): { database: FakeDatabase; bytes: IndexedDbBytes; keys: () => string[] } {
  const database = new FakeDatabase();
  database.takesBlobs = false;
  return { database, bytes: new IndexedDbBytes(database.asDatabase), keys: () => [...(database.stores.get("blobs")?.keys() ?? [])] };
}

test("what lies in pieces is read as it was written; where one is lost nothing is there", async () => {
  const { database, bytes, keys } = piecemeal();
  await bytes.write("roof", "original", FILE, () => true);
  assert.deepEqual(await (await bytes.read("roof", "original"))?.arrayBuffer(), await FILE.arrayBuffer());
  database.stores.get("blobs")?.delete('["roof","original",1]');
  assert.equal(await bytes.read("roof", "original"), null);
  await bytes.remove("roof");
  assert.deepEqual(keys(), []);
});

test("a file of which nothing comes is not given to the database, which would wait for it for ever", async () => {
  mock.timers.enable({ apis: ["setInterval"] });
  try {
    const { bytes, keys } = piecemeal();
    const hanging = new Blob(["bytes"]);
    hanging.slice = () => Object.assign(new Blob(), { arrayBuffer: () => new Promise<ArrayBuffer>(() => undefined) });
    const refused = assert.rejects(bytes.write("roof", "original", hanging, () => true), NothingCame);
    mock.timers.tick(60_000);
    await refused;
    assert.deepEqual(keys(), []);
  } finally {
    mock.timers.reset();
  }
});

for (const why of ["there is no room for the rest", "nobody wants it any more"]) {
  test(`of a file that is written in pieces none is left where ${why}`, async () => {
    const { database, bytes, keys } = piecemeal();
    await bytes.write("roof", "0", new Blob(["thumb"]), () => true);
    const before = keys();
    let asked = 0;
    const isWanted = (): boolean => {
      asked += 1;
      if (why.startsWith("nobody")) {
        return asked < 4;
      }
      database.isFull = asked === 4;
      return true;
    };
    await assert.rejects(bytes.write("roof", "original", FILE, isWanted));
    assert.deepEqual([asked, keys()], [4, before]);
  });
}
