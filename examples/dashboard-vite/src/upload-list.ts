/** A progress list of the application's own, made with the client's events instead of the element. */
import { WindlassError, type Upload, type Windlass } from "windlass";

export class UploadList {
  readonly #section: HTMLElement;
  readonly #total: HTMLElement;
  readonly #note: HTMLElement;
  readonly #list: HTMLElement;
  readonly #lines = new Map<Upload, HTMLLIElement>();
  readonly #clients = new Set<Windlass>();
  /** Those with files of which the browser keeps no copy: they would be lost with the page. */
  readonly #unkept = new Set<Windlass>();

  constructor(section: HTMLElement, total: HTMLElement, note: HTMLElement, list: HTMLElement) {
    this.#section = section;
    this.#total = total;
    this.#note = note;
    this.#list = list;
  }

  /** Shows what a client sends from now on: what is added here, what a page before this one has left, and other tabs' files. */
  follow(client: Windlass): void {
    this.#clients.add(client);
    const show = ({ upload }: { upload: Upload }): void => {
      this.#show(upload);
      this.#sum(client);
    };
    client.addEventListener("added", show);
    client.addEventListener("progress", show);
    client.addEventListener("statechange", show);
    client.addEventListener("restored", () => this.#ask());
    client.addEventListener("warning", () => {
      this.#unkept.add(client);
      this.#ask();
    });
    client.addEventListener("kept", () => {
      this.#unkept.delete(client);
      this.#ask();
    });
  }

  add(client: Windlass, files: FileList): void {
    for (const upload of client.add(files)) {
      this.#show(upload);
    }
    this.#sum(client);
    // Among them may be what was asked for.
    this.#ask();
  }

  #sum({ uploads, progress }: Windlass): void {
    const stored = uploads.filter(({ state }) => state === "stored").length;
    const percent = progress.total_bytes === 0 ? 0 : Math.floor((progress.sent_bytes / progress.total_bytes) * 100);
    const isOver = uploads.every(({ ended }) => ended);
    // A status is read aloud with each change: of a hundred percentages only how it ended is.
    this.#total.setAttribute("aria-live", isOver ? "polite" : "off");
    this.#total.textContent = isOver ? `${stored} of ${uploads.length} stored` : `${percent} % of ${uploads.length} files`;
    // Another tab's files are its own to count.
    this.#total.hidden = uploads.length === 0;
  }

  /** What only the user can do: choose again what no copy was kept of, or leave this page open. */
  #ask(): void {
    const again = [...this.#clients]
      .filter(({ missing }) => missing.length > 0)
      .map(({ project, missing }) => `Not sent before the page was left. Choose again for ${project}: ${missing.map(({ filename }) => filename).join(", ")}.`);
    const open = this.#unkept.size > 0 ? ["This browser keeps no copy of what was chosen. Keep this page open until it is stored."] : [];
    this.#note.textContent = [...again, ...open].join(" ");
    if (this.#note.textContent !== "") {
      this.#section.hidden = false;
    }
  }

  #show(upload: Upload): void {
    const line = this.#lines.get(upload) ?? this.#addLine(upload);
    const [name, bar, text] = line.children;
    if (name && bar instanceof HTMLProgressElement && text) {
      bar.max = upload.progress.total_bytes || 1;
      bar.value = upload.state === "stored" ? bar.max : upload.progress.sent_bytes;
      text.textContent = upload.error instanceof WindlassError ? upload.error.message : upload.state.replaceAll("_", " ");
    }
    line.dataset["state"] = upload.state;
    line.querySelector("button")?.toggleAttribute("hidden", upload.ended);
  }

  #addLine(upload: Upload): HTMLLIElement {
    const line = document.createElement("li");
    const name = document.createElement("span");
    name.textContent = upload.filename;
    const text = document.createElement("span");
    const cancel = document.createElement("button");
    cancel.type = "button";
    cancel.textContent = "Cancel";
    cancel.addEventListener("click", () => upload.cancel());
    line.append(name, document.createElement("progress"), text, cancel);
    this.#lines.set(upload, line);
    this.#list.prepend(line);
    this.#section.hidden = false;
    return line;
  }
}
