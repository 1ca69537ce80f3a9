/** What was read of a file and what was made of it, below its line in `<windlass-uploader details>`. */
import type { MadePictures } from "../prepare.js";
import type { Upload } from "../upload.js";
import { element, plainList } from "./dom.js";
import { formatBytes, sentence } from "./format.js";
import { factList, metadataFacts } from "./metadata-facts.js";
import type { UploaderStrings } from "./uploader.strings.js";

export class UploadDetails {
  readonly node: HTMLDetailsElement;
  readonly #upload: Upload;
  readonly #strings: UploaderStrings;
  readonly #content = element("div", { class: "details-content" });
  /** What was odd when it was written; there is another list of it whenever more is known of the file. */
  #written: Upload["warnings"] | null = null;

  constructor(upload: Upload, strings: UploaderStrings) {
    this.#upload = upload;
    this.#strings = strings;
    this.node = element(
      "details",
      { class: "details", part: "details", hidden: true },
      element("summary", {}, strings.details),
      this.#content,
    );
    this.node.addEventListener("toggle", () => this.#fill());
  }

  /** Shows that there is something to say, once there is; what it is when it is asked for. */
  update(): void {
    const { metadata, made, warnings } = this.#upload;
    if (metadata !== null || made !== null || warnings.length > 0) {
      this.node.hidden = false;
    }
    this.#fill();
  }

  /** A list may be long, and few of its files are looked into. */
  #fill(): void {
    const { metadata, made, warnings } = this.#upload;
    if (!this.node.open || this.#written === warnings) {
      return;
    }
    this.#written = warnings;
    const strings = this.#strings;
    this.#content.replaceChildren(
      element("h3", {}, strings.readTitle),
      metadata === null ? element("p", {}, strings.nothingRead) : factList(metadataFacts(metadata, strings.facts)),
      element("h3", {}, strings.madeTitle),
      this.#pictures(made),
    );
    if (made !== null && made.work !== null) {
      const { decoder, durationMs, memoryBytes } = made.work;
      this.#content.append(element("p", { class: "how" }, strings.madeBy(decoder, durationMs, formatBytes(memoryBytes))));
    }
    if (warnings.length > 0) {
      const odd = warnings.map(({ code, message }) => element("li", {}, `${sentence(message)} `, element("code", {}, code)));
      this.#content.append(element("h3", {}, strings.oddTitle), plainList({ class: "odd" }, ...odd));
    }
  }

  #pictures(made: MadePictures | null): HTMLTableElement {
    const strings = this.#strings;
    const line = (name: string, ...cells: string[]): HTMLTableRowElement =>
      element("tr", {}, element("th", { scope: "row" }, name), ...cells.map((text) => element("td", {}, text)));
    const across = (name: string, text: string): HTMLTableRowElement =>
      element("tr", {}, element("th", { scope: "row" }, name), element("td", { colspan: "2" }, text));
    return element(
      "table",
      { class: "pictures" },
      element(
        "tbody",
        {},
        ...(made === null ? [across(strings.pictures, strings.nothingMade)] : []),
        ...(made?.pictures ?? []).map(({ name, width, height, sizeBytes }) =>
          line(name, `${width} × ${height} px`, formatBytes(sizeBytes)),
        ),
        ...(made?.leftOut ?? []).map((name) => across(name, strings.leftOut)),
        line(strings.original, strings.unchanged, formatBytes(this.#upload.file.size)),
      ),
    );
  }
}
