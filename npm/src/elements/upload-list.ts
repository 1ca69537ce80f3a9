/** The list of `<windlass-uploader>`: one line a file, whichever client sends it and however often it is told of. */
import type { Windlass } from "../client.js";
import type { Upload } from "../upload.js";
import { plainList } from "./dom.js";
import { FoldedRows } from "./folded-rows.js";
import { isSamePlace } from "./send-again.js";
import type { UploadRow } from "./upload-row.js";

export class UploadList {
  readonly node = plainList({ class: "list", part: "list" });
  readonly folded = new FoldedRows();
  readonly #rows = new Map<Upload, UploadRow>();
  /** Who sends them, or did. */
  readonly #clients = new WeakMap<Upload, Windlass>();
  readonly #makeRow: (upload: Upload) => UploadRow;

  constructor(makeRow: (upload: Upload) => UploadRow) {
    this.#makeRow = makeRow;
  }

  get uploads(): readonly Upload[] {
    return [...this.#rows.keys()];
  }

  has(upload: Upload): boolean {
    return this.#rows.has(upload);
  }

  row(upload: Upload): UploadRow | undefined {
    return this.#rows.get(upload);
  }

  clientOf(upload: Upload): Windlass | undefined {
    return this.#clients.get(upload);
  }

  /** Whether anything that is listed is still being sent by this client. */
  waitsFor(client: Windlass): boolean {
    return this.uploads.some((upload) => !upload.ended && this.clientOf(upload) === client);
  }

  /**
   * Lists it, unless its file is listed already: what one client of this page sends, another one shows. It takes the
   * place of what was not sent.
   */
  add(upload: Upload, client: Windlass): void {
    const listed = this.#lineOf(upload, client);
    if (listed === undefined) {
      const row = this.#makeRow(upload);
      this.#rows.set(upload, row);
      this.#clients.set(upload, client);
      this.node.append(row.node);
    } else if (listed !== upload && givesWay(listed, upload)) {
      this.replace(listed, upload, client);
    }
  }

  /** Another upload of the same file; the keyboard stays on its line. */
  replace(upload: Upload, by: Upload, client: Windlass): UploadRow {
    const row = this.#makeRow(by);
    const before = this.#rows.get(upload)?.node;
    const hadFocus = before?.matches(":focus-within") === true;
    before?.replaceWith(row.node);
    if (hadFocus) {
      row.node.querySelector("button")?.focus();
    }
    this.#rows.delete(upload);
    upload.releasePreview();
    this.#rows.set(by, row);
    this.#clients.set(by, client);
    return row;
  }

  forget(upload: Upload): void {
    this.#rows.get(upload)?.node.remove();
    this.#rows.delete(upload);
    if (upload.state === "failed") {
      // Taken off the list it is not to come back with the next page.
      upload.cancel();
    }
    upload.releasePreview();
  }

  /** Has the lines of what is stored go. What is not sent stays: what is kept of it may be all there is. */
  clear(): void {
    for (const upload of this.uploads.filter(({ ended, state }) => ended && state !== "failed")) {
      this.forget(upload);
    }
    this.folded.clear();
  }

  /** Has lines go that are too many. */
  fold(): void {
    this.folded.fold(this.#rows, (upload) => this.forget(upload));
  }

  /** Makes all lines anew, as in another language. What is unfolded stays so. */
  render(label: string): void {
    this.node.setAttribute("aria-label", label);
    for (const [upload, { node }] of [...this.#rows]) {
      const row = this.#makeRow(upload);
      row.node.querySelector("details")?.toggleAttribute("open", node.querySelector("details")?.open === true);
      node.replaceWith(row.node);
      this.#rows.set(upload, row);
    }
  }

  /** What is listed of the same file, by its name in the queue. */
  #lineOf(upload: Upload, client: Windlass): Upload | undefined {
    for (const listed of this.#rows.keys()) {
      const other = this.clientOf(listed);
      if (listed.clientRef === upload.clientRef && other !== undefined && isSamePlace(other, client)) {
        return listed;
      }
    }
    return undefined;
  }
}

/**
 * Whether what is listed has ended for want of what the other one has. What a client of this page was just told of is
 * out of date where the line, which has the bytes, says that it ended.
 */
function givesWay(listed: Upload, other: Upload): boolean {
  const isEcho = other.origin === "here" && !other.isReadable;
  return listed.ended && listed.state !== "stored" && !(isEcho && listed.isReadable);
}
