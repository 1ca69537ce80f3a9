/** A progress list of the application's own, made with the client's events instead of the element. */
import { WindlassError, type Upload, type Windlass } from "windlass";

export class UploadList {
  readonly #list: HTMLElement;
  readonly #total: HTMLElement;
  readonly #section: HTMLElement;
  readonly #lines = new Map<Upload, HTMLLIElement>();

  constructor(section: HTMLElement, total: HTMLElement, list: HTMLElement) {
    this.#section = section;
    this.#total = total;
    this.#list = list;
  }

  /** Shows what a client sends, from now on. */
  follow(client: Windlass): void {
    client.addEventListener("progress", ({ upload, total }) => {
      this.#show(upload);
      const percent = total.total_bytes === 0 ? 0 : Math.floor((total.sent_bytes / total.total_bytes) * 100);
      this.#total.textContent = `${percent} % of ${client.uploads.length} files`;
    });
    client.addEventListener("statechange", ({ upload }) => this.#show(upload));
  }

  async add(client: Windlass, files: FileList): Promise<void> {
    const uploads = client.add(files);
    this.#section.hidden = false;
    for (const upload of uploads) {
      this.#show(upload);
    }
    const outcomes = await Promise.allSettled(uploads.map((upload) => upload.done));
    const stored = outcomes.filter(({ status }) => status === "fulfilled").length;
    this.#total.textContent = `${stored} of ${uploads.length} stored`;
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
    return line;
  }
}
