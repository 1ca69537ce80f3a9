/** What the uploader says above its list: what is amiss, and what goes on from before. */
import type { WindlassError } from "../errors.js";
import type { MissingFile } from "../events.js";
import type { Upload } from "../upload.js";
import { button, element, setText } from "./dom.js";
import type { UploaderStrings } from "./uploader.strings.js";

/** What makes a notice out of date: that what was not kept is, that there is a client to send with. */
type Remedy = "kept" | "connected";

interface LeftOut {
  /** Of a type that is not accepted. */
  refused: readonly File[];
  /** More than the one that is taken without `multiple`. */
  surplus: readonly File[];
  /** What went wrong with those that could not be read. */
  unreadable: readonly WindlassError[];
}

export class UploaderNotes {
  readonly #text = element("p");
  readonly notice = element("div", { class: "notice", role: "alert", hidden: true }, this.#text);
  readonly resumed = element("p", { class: "resumed", part: "resumed", role: "status", hidden: true });
  #until: Remedy | null = null;

  setStrings({ dismiss }: UploaderStrings): void {
    this.notice.replaceChildren(this.#text, button({ label: dismiss, icon: "close", class: "symbol danger" }, () => this.warn(null)));
  }

  /** Until it is dismissed, or the next one comes, or what it waits for; `null` takes it away. */
  warn(text: string | null, until: Remedy | null = null): void {
    this.#until = until;
    this.notice.hidden = text === null;
    setText(this.#text, text ?? "");
  }

  /** What a notice may have waited for is so. */
  settle(remedy: Remedy): void {
    if (this.#until === remedy) {
      this.warn(null);
    }
  }

  /** What of a drop or a paste is not sent, if anything. */
  warnLeftOut({ refused, surplus, unreadable }: LeftOut, strings: UploaderStrings): void {
    const words = [
      refused.length > 0 ? strings.notAccepted(refused.map(({ name }) => name)) : "",
      surplus.length > 0 ? strings.onlyOne(surplus.map(({ name }) => name)) : "",
      unreadable.length > 0 ? strings.notReadable(unreadable.map(({ file = "" }) => file)) : "",
    ].filter((text) => text !== "");
    if (words.length > 0) {
      this.warn(words.join(" "));
    }
  }

  /** `missing`: files an earlier page could not keep. */
  showResumed(uploads: readonly Upload[], missing: readonly MissingFile[], strings: UploaderStrings): void {
    const resuming = uploads.filter(({ origin, ended }) => origin === "before" && !ended);
    const arePictures = resuming.every(({ type }) => type.startsWith("image/"));
    const words = [
      resuming.length > 0 ? strings.resuming(resuming.length, arePictures) : "",
      missing.length > 0 ? strings.chooseAgain(missing.map(({ filename }) => filename)) : "",
    ];
    setText(this.resumed, words.filter((text) => text !== "").join(" "));
    this.resumed.hidden = resuming.length === 0 && missing.length === 0;
  }
}
