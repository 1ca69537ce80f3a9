/** What a page's browser keeps, read past the SDK. */

/** Rows of the queue, those whose bytes are whole, those that were prepared, those paused; folders of bytes; all rows as text. */
export function keptFiles(page) {
  return page.evaluate(readKept);
}

/** In the page, of whichever engine. */
export async function readKept() {
  const settled = (request) =>
    new Promise((done, fail) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
    });
  const look = async () => {
    const databases = await indexedDB.databases();
    if (!databases.some(({ name }) => name === "windlass")) return { rows: 0, whole: 0, paused: 0, places: [], folders: 0, text: "" };
    const database = await settled(indexedDB.open("windlass"));
    let rows;
    let folders;
    try {
      rows = await settled(database.transaction("uploads").objectStore("uploads").getAll());
      folders = new Set((await settled(database.transaction("blobs").objectStore("blobs").getAllKeys())).map(([folder]) => folder));
    } finally {
      database.close();
    }
    let queue = null;
    try {
      queue = await (await navigator.storage.getDirectory()).getDirectoryHandle("windlass-queue");
    } catch {
      // No private file system, or nothing in it yet.
    }
    for await (const folder of queue?.keys() ?? []) folders.add(folder);
    return {
      rows: rows.length,
      whole: rows.filter(({ record }) => record.bytes !== "none").length,
      prepared: rows.filter(({ record }) => record.prepared !== null).length,
      paused: rows.filter(({ record }) => record.paused).length,
      places: [...new Set(rows.map(({ record }) => record.bytes))],
      folders: folders.size,
      text: JSON.stringify(rows),
    };
  };
  // A private window of Firefox refuses to name databases while one is being made, a connection is lost, a folder goes
  // while they are listed: it can be read again a moment later. WebDriver gives up after 30 s.
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((done) => setTimeout(done, 50));
    }
  }
}
