/** Everything a browser keeps for a page, and everything a service keeps in its database: as text, to search for secrets. */

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Storage, cookies, databases, the private file system (of large files their heads) and caches of the page's origin. */
export function browserTexts(page) {
  return page.evaluate(readEverything);
}

/** In the page. */
async function readEverything() {
  const latin = new TextDecoder("latin1");
  const head = (file) => file.slice(0, 256 * 1024).arrayBuffer();
  const asText = (_, value) => {
    if (value instanceof ArrayBuffer) return latin.decode(value);
    if (ArrayBuffer.isView(value)) return latin.decode(value);
    return value instanceof Map || value instanceof Set ? [...value] : value;
  };
  const settled = (request) =>
    new Promise((done, fail) => {
      request.onsuccess = () => done(request.result);
      request.onerror = () => fail(request.error);
    });
  const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
  for (const { name } of await indexedDB.databases()) {
    const database = await settled(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      texts.push(`${name}.${store}: ${JSON.stringify(await settled(database.transaction(store).objectStore(store).getAll()), asText)}`);
    }
    database.close();
  }
  const walk = async (directory) => {
    for await (const [name, handle] of directory.entries()) {
      texts.push(name);
      if (handle.kind === "directory") await walk(handle);
      else texts.push(latin.decode(await head(await handle.getFile())));
    }
  };
  await walk(await navigator.storage.getDirectory());
  for (const name of await caches.keys()) {
    texts.push(name, ...(await (await caches.open(name)).keys()).map(({ url }) => url));
  }
  return texts.join("\n");
}

/** The database of a service on SQLite, with what is written ahead of it. */
export async function databaseText(service) {
  const names = (await readdir(service.dataDir)).filter((name) => name.startsWith("windlass.sqlite"));
  const files = await Promise.all(names.map((name) => readFile(join(service.dataDir, name), "latin1")));
  return files.join("\n");
}
