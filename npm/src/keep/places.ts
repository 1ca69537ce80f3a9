/** The places where kept bytes may lie, asked one after the other. */
import { NothingCame } from "../read-bytes.js";
import type { ByteStore } from "./bytes.js";

/**
 * Writes to the first place that takes it. Where one is full the others are: they share the quota. Of a file of which
 * nothing comes the database would wait for ever.
 */
export async function writeSomewhere(
  places: ByteStore[],
  folder: string,
  name: string,
  bytes: Blob,
  isWanted: () => boolean,
): Promise<ByteStore["place"]> {
  let last: unknown;
  for (const place of places) {
    try {
      await place.write(folder, name, bytes, isWanted);
      return place.place;
    } catch (thrown) {
      last = thrown;
      if (!isWanted() || isFull(thrown) || thrown instanceof NothingCame) {
        break;
      }
    }
  }
  throw last;
}

/**
 * Removes the folders that no row names: they were half written, or half removed, by a page that died. Rows are asked
 * for after the folders, and a page writes a file's row before its folder: what it begins meanwhile is not taken for such.
 */
export async function sweep(places: ByteStore[], named: () => Promise<ReadonlySet<string>>): Promise<void> {
  const found = await Promise.all(places.map((place) => place.folders()));
  const known = await named();
  for (const [index, place] of places.entries()) {
    for (const folder of found[index]?.filter((each) => !known.has(each)) ?? []) {
      // One that another page still writes, though nobody wants it any more, cannot be removed now; the others can.
      await place.remove(folder).catch(() => undefined);
    }
  }
}

/** Whether it went wrong because the browser's quota for this site is used up. */
export function isFull(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && (thrown as { name?: unknown }).name === "QuotaExceededError";
}
