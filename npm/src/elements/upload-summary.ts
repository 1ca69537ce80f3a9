/** The line above the list of `<windlass-uploader>`: how all files together get on. */
import { sumProgress } from "../batch.js";
import type { Upload } from "../upload.js";
import { button, element, setText } from "./dom.js";
import type { FoldedRows } from "./folded-rows.js";
import { percentOf } from "./format.js";
import type { UploadCounts, UploaderStrings } from "./uploader.strings.js";

export interface SummaryActions {
  pause(): void;
  resume(): void;
  clear(): void;
}

export class UploadSummary {
  readonly node: HTMLDivElement;
  readonly #strings: UploaderStrings;
  readonly #text = element("p", { class: "summary-text", part: "summary" });
  readonly #fill = element("span");
  readonly #bar: HTMLDivElement;
  readonly #pause: HTMLButtonElement;
  readonly #resume: HTMLButtonElement;
  readonly #clear: HTMLButtonElement;

  constructor(strings: UploaderStrings, actions: SummaryActions) {
    this.#strings = strings;
    this.#pause = button({ label: strings.pauseAll, showLabel: true, class: "quiet" }, actions.pause);
    this.#resume = button({ label: strings.resumeAll, showLabel: true, class: "quiet" }, actions.resume);
    this.#clear = button({ label: strings.clear, showLabel: true, class: "quiet" }, actions.clear);
    this.#bar = element(
      "div",
      {
        class: "bar",
        part: "total-progress",
        role: "progressbar",
        "aria-label": strings.totalLabel,
        "aria-valuemin": "0",
        "aria-valuemax": "100",
      },
      this.#fill,
    );
    this.node = element(
      "div",
      { class: "summary", hidden: true },
      element(
        "div",
        { class: "summary-line" },
        this.#text,
        element("div", { class: "summary-buttons" }, this.#pause, this.#resume, this.#clear),
      ),
      this.#bar,
    );
  }

  /** `folded`: stored files that are not listed any more. `rate` in bytes per second, of all files together. */
  update(uploads: readonly Upload[], folded: Pick<FoldedRows, "files" | "bytes">, rate: number | null): void {
    const counts = countsOf(uploads, folded.files);
    const progress = sumProgress(uploads, rate, folded.bytes);
    this.node.hidden = counts.total === 0;
    setText(this.#text, this.#strings.summary(counts, progress));
    const percent = percentOf(progress.sent_bytes, progress.total_bytes);
    this.#bar.hidden = counts.active === 0;
    this.#bar.setAttribute("aria-valuenow", String(percent));
    this.#fill.style.transform = `scaleX(${percent / 100})`;
    const allPaused = counts.paused === counts.active;
    this.#pause.hidden = counts.active < 2 || allPaused;
    this.#resume.hidden = counts.active < 2 || !allPaused;
    this.#clear.hidden = counts.active > 0 || counts.stored === 0;
  }
}

function countsOf(uploads: readonly Upload[], folded: number): UploadCounts {
  const count = (matches: (upload: Upload) => boolean): number => uploads.filter(matches).length;
  const active = count(({ ended }) => !ended);
  return {
    total: uploads.length + folded,
    stored: count(({ state }) => state === "stored") + folded,
    failed: count(({ state }) => state === "failed"),
    active,
    waitingForWifi: count(({ state }) => state === "waiting_for_wifi"),
    paused: count(({ state }) => state === "paused"),
    offline: active > 0 && count(({ state }) => state === "waiting_for_network") > 0,
  };
}
