/** What lies beside a row: the file itself, and the smaller pictures that were made of it. */
import type { Found } from "../generated/Found";
import type { KeptUpload } from "../generated/KeptUpload";
import type { ByteStore } from "./bytes.js";
import type { UploadRow } from "./database.js";
import { readHandle } from "./handle.js";
import type { Restored } from "./messages.js";

/** The file's name in its folder; smaller pictures have numbers. */
export const ORIGINAL = "original";

export interface Beside {
  /** `null` where there is none. */
  original: Blob | null;
  variants: (Blob | null)[];
}

/**
 * Read once, so that what is decided about is what is sent. Rejects where the file may be there, and only cannot be read
 * this time: nobody is to be asked for it, and it is not to be forgotten.
 */
export async function readBeside(places: readonly ByteStore[], row: UploadRow): Promise<Beside> {
  const original = await readOriginal(places, row);
  const count = Array.isArray(row.record?.prepared?.variants) ? row.record.prepared.variants.length : 0;
  const variants = await Promise.all(Array.from({ length: count }, (_, index) => readVariant(places, row.folder, String(index))));
  return { original, variants };
}

async function readOriginal(places: readonly ByteStore[], { record, folder, handle }: UploadRow): Promise<Blob | null> {
  const bytes = record?.bytes;
  if (bytes === "handle") {
    const file = await readHandle(handle);
    // Edited in place it may be as long as it was, and what was made of it shows something else.
    return file?.lastModified === record.last_modified_ms ? file : null;
  }
  if (bytes !== "opfs" && bytes !== "indexed_db") {
    return null;
  }
  const place = places.find((each) => each.place === bytes);
  if (place === undefined) {
    throw new Error(`The browser does not open where the file is kept (${bytes}).`);
  }
  return place.read(folder, ORIGINAL);
}

/** From the first place that has it. What cannot be read is made again: a whole file is not held up by it. */
async function readVariant(places: readonly ByteStore[], folder: string, name: string): Promise<Blob | null> {
  for (const place of places) {
    const found = await place.read(folder, name).catch(() => null);
    if (found !== null) {
      return found;
    }
  }
  return null;
}

/** Whether the bytes that are kept by that record are whole, and those of this file, by all that its browser tells of it. */
export function isKeptAs(record: KeptUpload | undefined, file: KeptUpload): boolean {
  const isWhole = record?.bytes === "opfs" || record?.bytes === "indexed_db";
  const isSame = record?.filename === file.filename && record.size_bytes === file.size_bytes;
  // What came without a time has that of its reading now.
  return isWhole && isSame && (record.last_modified_ms === null || record.last_modified_ms === file.last_modified_ms);
}

/** What the core is told of it. */
export function sizesOf({ original, variants }: Beside): Found {
  return { original_bytes: original?.size ?? null, variants_bytes: variants.map((blob) => blob?.size ?? null) };
}

/** What the page is handed. */
export function restoredFrom(upload: KeptUpload, original: Blob, variants: Beside["variants"], { onWifi = false, interrupted = 0 }: Pick<UploadRow, "onWifi" | "interrupted">): Restored {
  const file = new File([original], upload.filename, {
    type: upload.content_type,
    ...(upload.last_modified_ms === null ? {} : { lastModified: upload.last_modified_ms }),
  });
  const typed = (upload.prepared?.variants ?? []).flatMap(({ content_type: type }, index) => {
    const bytes = variants[index];
    return bytes ? [bytes.slice(0, bytes.size, type)] : [];
  });
  return { upload, file, variants: typed, onWifi, interrupted };
}
