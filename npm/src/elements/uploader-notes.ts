/** What the uploader says above its list: what is amiss, and what goes on from before. */
import type { WindlassError } from "../errors.js";
import type { MissingFile } from "../events.js";
import type { Upload } from "../upload.js";
import { button, element, setText } from "./dom.js";
import type { UploaderStrings } from "./uploader.strings.js";

interface LeftOut {
  /** Of a type that is not accepted. */
  refused: readonly File[];
  /** More than the one that is taken without `multiple`. */
  surplus: readonly File[];
  /** What went wrong with those that could not be read. */
  unreadable: readonly WindlassError[];
}

/** A line that says something until it is dismissed. */
class Notice {
  readonly #text = element("p");
  readonly node = element("div", { class: "notice", role: "alert", hidden: true }, this.#text);

  setStrings({ dismiss }: UploaderStrings): void {
    this.node.replaceChildren(this.#text, button({ label: dismiss, icon: "close", class: "symbol danger" }, () => this.say(null)));
  }

  /** `null` takes it away. */
  say(text: string | null): void {
    this.node.hidden = text === null;
    setText(this.#text, text ?? "");
  }
}

export class UploaderNotes {
  readonly #trouble = new Notice();
  readonly #notKept = new Notice();
  readonly resumed = element("p", { class: "resumed", part: "resumed", hidden: true });
  readonly nodes: readonly Element[] = [this.#notKept.node, this.#trouble.node, this.resumed];
  #untilConnected = false;

  setStrings(strings: UploaderStrings): void {
    this.#trouble.setStrings(strings);
    this.#notKept.setStrings(strings);
  }

  /** Until the next one comes, or there is a client to send with where that is what it waits for; `null` takes it away. */
  warn(text: string | null, { untilConnected = false } = {}): void {
    this.#untilConnected = untilConnected;
    this.#trouble.say(text);
  }

  /** What a notice may have waited for is so. */
  connected(): void {
    if (this.#untilConnected) {
      this.warn(null);
    }
  }

  /** What would be lost with the page, in a line of its own: it is told once, and true whatever else is said. `null` once all is kept. */
  warnNotKept(text: string | null): void {
    this.#notKept.say(text);
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

  /**
   * `missing`: files an earlier page could not keep. Answers whether this is news to those who hear the page: that they
   * are fewer with each file that is stored is not.
   */
  showResumed(uploads: readonly Upload[], missing: readonly MissingFile[], strings: UploaderStrings): boolean {
    const wasHidden = this.resumed.hidden;
    const resuming = uploads.filter(({ origin, ended }) => origin === "before" && !ended);
    const arePictures = resuming.every(({ type }) => type.startsWith("image/"));
    const words = [
      resuming.length > 0 ? strings.resuming(resuming.length, arePictures) : "",
      missing.length > 0 ? strings.chooseAgain(missing.map(({ filename }) => filename)) : "",
    ];
    setText(this.resumed, words.filter((text) => text !== "").join(" "));
    this.resumed.hidden = resuming.length === 0 && missing.length === 0;
    return wasHidden && !this.resumed.hidden;
  }
}
