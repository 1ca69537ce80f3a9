/** What `<windlass-uploader>` says to those who hear the page. Nobody sees it. */
import { element } from "./dom.js";
import type { UploaderStrings } from "./uploader.strings.js";

/** After a file that has ended others that end alike are counted for so long, in milliseconds: nobody listens to sixty sentences. */
const COUNTING_MS = 5_000;
/** So many sentences are there to be found. */
const SENTENCES_MAX = 3;

export class Announcer {
  /** A status is read whole with each change unless it says otherwise: with the sentences before. */
  readonly node = element("div", { class: "visually-hidden", role: "status", "aria-live": "polite", "aria-atomic": "false" });
  readonly #strings: UploaderStrings;
  readonly #stored = this.#inTurn((count) => this.#strings.announceStoredFiles(count));
  readonly #failed = this.#inTurn((count) => this.#strings.announceFailedFiles(count));

  constructor(strings: UploaderStrings) {
    this.#strings = strings;
  }

  say(text: string): void {
    this.node.append(element("p", {}, text));
    while (this.node.childElementCount > SENTENCES_MAX) {
      this.node.firstElementChild?.remove();
    }
  }

  /** By its name, or together with what else was stored shortly after one that was named. */
  stored(filename: string): void {
    this.#stored(this.#strings.announceStored(filename));
  }

  /** By its name and with the reason, or together with what else failed shortly after one that was named. */
  failed(filename: string, reason: string): void {
    this.#failed(this.#strings.announceFailed(filename, reason));
  }

  /** Says a sentence, or how many came shortly after one that was said. */
  #inTurn(counted: (count: number) => string): (text: string) => void {
    const waiting: string[] = [];
    let isCounting = false;
    const next = (): void => {
      const [first, ...others] = waiting.splice(0);
      isCounting = first !== undefined;
      if (first !== undefined) {
        this.say(others.length === 0 ? first : counted(others.length + 1));
        setTimeout(next, COUNTING_MS);
      }
    };
    return (text) => {
      waiting.push(text);
      if (!isCounting) {
        next();
      }
    };
  }
}
