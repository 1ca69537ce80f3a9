/** What a page's browser keeps, read past the SDK. */

/** Rows of the queue, those whose bytes are whole, those that were prepared, those paused; folders of bytes; all rows as text. */
export function keptFiles(page) {
  return page.evaluate(readKept);
}

/** In the page, of whichever engine. */
export async function readKept() {
  // A private window of Firefox refuses to name them while one is being made.
  const named = async (triesLeft) => {
    try {
      return await indexedDB.databases();
    } catch (error) {
      if (error.name !== "UnknownError" || triesLeft === 0) throw error;
      await new Promise((done) => setTimeout(done, 50));
      return named(triesLeft - 1);
    }
  };
  const databases = await named(20);
  if (!databases.some(({ name }) => name === "windlass")) return { rows: 0, whole: 0, paused: 0, places: [], folders: 0, text: "" };
  const database = await new Promise((done, fail) => {
    const opening = indexedDB.open("windlass");
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => fail(opening.error);
  });
  const all = (store, what) =>
    new Promise((done, fail) => {
      const request = database.transaction(store).objectStore(store)[what]();
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
    });
  const rows = await all("uploads", "getAll");
  const folders = new Set((await all("blobs", "getAllKeys")).map(([folder]) => folder));
  database.close();
  try {
    const queue = await (await navigator.storage.getDirectory()).getDirectoryHandle("windlass-queue");
    for await (const folder of queue.keys()) folders.add(folder);
  } catch {
    // No private file system, or nothing in it yet.
  }
  return {
    rows: rows.length,
    whole: rows.filter(({ record }) => record.bytes !== "none").length,
    prepared: rows.filter(({ record }) => record.prepared !== null).length,
    paused: rows.filter(({ record }) => record.paused).length,
    places: [...new Set(rows.map(({ record }) => record.bytes))],
    folders: folders.size,
    text: JSON.stringify(rows),
  };
}
