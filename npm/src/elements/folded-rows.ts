/** The lines of `<windlass-uploader>` that were let go: of many files that are stored, the oldest. */
import type { Upload } from "../upload.js";
import { element, setText } from "./dom.js";
import type { UploadRow } from "./upload-row.js";
import type { UploaderStrings } from "./uploader.strings.js";

/** So many lines of stored files are kept: nobody reads more, and each keeps a picture in memory. */
const STORED_MAX = 100;

export class FoldedRows {
  readonly note = element("p", { class: "folded", part: "folded", hidden: true });
  #files = 0;
  #bytes = 0;

  /** Stored files whose line is gone. */
  get files(): number {
    return this.#files;
  }

  /** What was sent for them, together. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Has the lines go that are too many; not those that somebody looks into. */
  fold(rows: ReadonlyMap<Upload, UploadRow>, forget: (upload: Upload) => void): void {
    const stored = [...rows].filter(([{ state, alreadyStored }]) => state === "stored" && !alreadyStored);
    for (const [upload, { node }] of stored.slice(0, Math.max(0, stored.length - STORED_MAX))) {
      if (!node.matches(":hover, :focus-within") && node.querySelector("details[open]") === null) {
        this.#files += 1;
        this.#bytes += upload.progress.total_bytes;
        forget(upload);
      }
    }
  }

  clear(): void {
    [this.#files, this.#bytes] = [0, 0];
  }

  show(strings: UploaderStrings): void {
    this.note.hidden = this.#files === 0;
    setText(this.note, this.note.hidden ? "" : strings.folded(this.#files));
  }
}
