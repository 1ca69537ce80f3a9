/** From the open photo of `<windlass-gallery>` to the one before it or after it. */
import type { Photo } from "../generated/Photo";
import { button, isBusy, setBusy } from "./dom.js";
import type { GalleryStrings } from "./gallery.strings.js";
import type { Beside } from "./neighbours.js";

export interface StepActions {
  /** Shows another photo instead. */
  open(photo: Photo): void;
  /** What is beside this one. */
  beside(photo: Photo): Beside;
  /** Loads what follows; resolves also where that fails, which is said. */
  more(): Promise<unknown>;
}

export class PhotoSteps {
  readonly previous: HTMLButtonElement;
  readonly next: HTMLButtonElement;
  readonly #actions: StepActions;
  readonly #open: () => Photo | null;
  readonly #mayLeave: () => boolean;
  #isLoading = false;

  constructor(strings: GalleryStrings, actions: StepActions, open: () => Photo | null, mayLeave: () => boolean) {
    this.#actions = actions;
    this.#open = open;
    this.#mayLeave = mayLeave;
    this.previous = button({ label: strings.previous, icon: "previous", class: "symbol step" }, () => void this.go(-1));
    this.next = button({ label: strings.next, icon: "next", class: "symbol step" }, () => void this.go(1));
  }

  mirror(isMirrored: boolean): void {
    [this.previous, this.next].forEach((step) => step.classList.toggle("mirrored", isMirrored));
  }

  /** What is beside the photo may change with the list. */
  show(): void {
    const photo = this.#open();
    if (photo === null) {
      return;
    }
    const { previous, next, isNextToCome } = this.#actions.beside(photo);
    // Disabled, the button that led here would lose the keyboard.
    setBusy(this.previous, previous === undefined);
    setBusy(this.next, this.#isLoading || (next === undefined && !isNextToCome));
  }

  async go(by: -1 | 1): Promise<void> {
    const from = this.#open();
    const step = by < 0 ? this.previous : this.next;
    if (from === null || isBusy(step)) {
      return;
    }
    if (by > 0 && this.#actions.beside(from).isNextToCome) {
      this.#isLoading = true;
      this.show();
      await this.#actions.more();
      this.#isLoading = false;
      this.show();
    }
    const { previous, next } = this.#actions.beside(from);
    const photo = by < 0 ? previous : next;
    // Another one may have been opened meanwhile, or none.
    if (photo !== undefined && this.#open()?.photo_id === from.photo_id && this.#mayLeave()) {
      this.#actions.open(photo);
      // What an arrow was pressed on may be another photo's now, as a link: without the keyboard no other arrow is heard.
      if (step.closest("dialog")?.matches(":focus-within") === false) {
        step.focus();
      }
    }
  }
}
