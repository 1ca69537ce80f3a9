/** What stands below the photos of `<windlass-gallery>`: a message, which is read aloud, too, and the button for more. */
import type { WindlassError } from "../errors.js";
import { button, element, isBusy, setBusy } from "./dom.js";
import { failed, nothingThere } from "./gallery-notes.js";
import type { GalleryStrings } from "./gallery.strings.js";
import type { PhotoPages } from "./photo-pages.js";

/** What is said: an error with its words, since another one is to be read, too. */
type Said = "nothing" | "loading" | "no photos" | "no match" | "loaded" | `failed: ${string}`;

export class GalleryFoot {
  readonly node: HTMLDivElement;
  readonly #strings: GalleryStrings;
  readonly #message = element("div", { "aria-live": "polite" });
  readonly #more: HTMLButtonElement;
  readonly #moreLine: HTMLDivElement;
  #said: Said = "nothing";

  constructor(strings: GalleryStrings, loadMore: () => void) {
    this.#strings = strings;
    this.#more = button({ label: strings.more, showLabel: true, class: "secondary", part: "button more" }, () => {
      if (!isBusy(this.#more)) {
        loadMore();
      }
    });
    this.#moreLine = element("div", { class: "more" }, this.#more);
    this.#moreLine.hidden = true;
    this.node = element("div", { class: "foot" }, this.#message, this.#moreLine);
  }

  /** Nothing is shown yet. */
  wait(): void {
    this.#moreLine.hidden = true;
    this.#say("loading", () => element("p", { class: "visually-hidden" }, this.#strings.loading));
  }

  /** While more photos are on their way nobody can ask for them again. */
  set isLoading(value: boolean) {
    setBusy(this.#more, value);
  }

  /** The first photos are there. How many pass a filter is read aloud, as it is seen by who sees. */
  found({ photos, hasMore, isWhole }: PhotoPages): void {
    if (!isWhole && photos.length > 0) {
      this.#said = "nothing";
      this.#say("loaded", () => element("p", { class: "visually-hidden" }, this.#strings.found(photos.length, hasMore)));
    } else if (this.#said === "loaded" || this.#said.startsWith("failed")) {
      this.#say("nothing", () => null);
    }
  }

  /** What was asked for is there, with so many photos below those that were; they are shown next. */
  succeeded(moreCount: number): void {
    if (moreCount > 0) {
      // As many as the last time are news, too.
      this.#said = "nothing";
      this.#say("loaded", () => element("p", { class: "visually-hidden" }, this.#strings.moreLoaded(moreCount)));
    } else if (this.#said.startsWith("failed")) {
      this.#say("nothing", () => null);
    }
  }

  /** These photos are shown. What could not be loaded stays said until it is. */
  show(pages: PhotoPages): void {
    if (this.#said.startsWith("failed")) {
      return;
    }
    this.#moreLine.hidden = !pages.hasMore;
    if (pages.photos.length === 0 && !pages.hasMore) {
      this.#say(pages.isWhole ? "no photos" : "no match", () => nothingThere(this.#strings, pages.isWhole));
    } else if (this.#said !== "loaded") {
      this.#say("nothing", () => null);
    }
  }

  fail(error: WindlassError, retry: () => void): void {
    const text = this.#strings.error(error);
    this.#moreLine.hidden = true;
    this.#say(`failed: ${text}`, () =>
      failed(this.#strings, text, () => {
        // Should it fail again, that is news.
        this.#said = "failed: ";
        retry();
      }),
    );
  }

  /** Whether this is something here that is shown. */
  holds(focused: Element | null): boolean {
    return this.node.contains(focused) && focused?.closest("[hidden]") === null;
  }

  /** The keyboard goes to what can be pressed here. */
  focus(): void {
    (this.#message.querySelector("button") ?? this.#more).focus();
  }

  /** What is written again is read aloud again: it stays where it says so already. */
  #say(what: Said, make: () => Node | null): void {
    if (what !== this.#said) {
      const node = make();
      this.#said = what;
      this.#message.replaceChildren(...(node === null ? [] : [node]));
    }
  }
}
