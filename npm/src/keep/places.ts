/** The places where kept bytes may lie, asked one after the other. */
import type { ByteStore } from "./bytes.js";

/** Writes to the first place that takes it. Where one is full the others are: they share the quota. */
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
      if (!isWanted() || isFull(thrown)) {
        break;
      }
    }
  }
  throw last;
}

/** Whether it went wrong because the browser's quota for this site is used up. */
export function isFull(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && (thrown as { name?: unknown }).name === "QuotaExceededError";
}
