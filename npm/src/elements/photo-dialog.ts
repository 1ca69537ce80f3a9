/** The dialog of `<windlass-gallery>`: one photo large, and what is known about it. */
import { toWindlassError } from "../errors.js";
import type { Photo } from "../generated/Photo";
import { button, element, icon, plainList, replaceChanged, setText } from "./dom.js";
import type { GalleryStrings } from "./gallery.strings.js";
import { factList, metadataFacts } from "./metadata-facts.js";
import {
  cameraName,
  endsSoon,
  formatPictures,
  formatPlace,
  formatSettings,
  formatSize,
  formatTaken,
  isArriving,
  isLocked,
  isWebAddress,
  mapAddress,
  pictureFor,
  takenAt,
} from "./photo-facts.js";
import { PhotoSteps, type StepActions } from "./photo-steps.js";
import { PhotoWords, type WordActions } from "./photo-words.js";
import { removeButton } from "./remove-button.js";

const LARGE_EDGE_PX = 1200;

export interface DialogActions extends StepActions {
  remove(photo: Photo): Promise<void>;
  /** It was not deleted, and whoever wanted it does not see the button any more. */
  notRemoved(photo: Photo, reason: string): void;
  save: WordActions["save"];
  find: WordActions["find"];
  /** The photo with fresh addresses. */
  renew(photo: Photo): Promise<Photo>;
  closed(photo: Photo): void;
}

export interface DialogRights {
  mayRemove: boolean;
  mayEdit: boolean;
}

export class PhotoDialog {
  readonly node: HTMLDialogElement;
  readonly #strings: GalleryStrings;
  readonly #actions: DialogActions;
  readonly #title = element("h2", { class: "title", part: "title" });
  readonly #stage = element("figure", { class: "stage", part: "stage" });
  readonly #facts = element("dl", { class: "facts", part: "facts" });
  readonly #everything = element("details", { class: "everything", part: "everything" });
  /** What there is to say of the original: aloud, too, when it changes. */
  readonly #note = element("p", { class: "note", role: "status" });
  /** For those who hear the page: which photo is shown instead of the one before. The title of an open dialog is not read again. */
  readonly #shownNext = element("p", { class: "visually-hidden", "aria-live": "polite" });
  readonly #warnings = plainList({ class: "warnings" });
  readonly #words: PhotoWords;
  readonly #footer = element("div", { class: "dialog-buttons" });
  #original: HTMLAnchorElement | null = null;
  readonly #steps: PhotoSteps;
  #photo: Photo | null = null;
  #rights: DialogRights = { mayRemove: false, mayEdit: false };

  constructor(strings: GalleryStrings, actions: DialogActions) {
    this.#strings = strings;
    this.#actions = actions;
    this.#words = new PhotoWords(strings, actions);
    this.#title.id = "title";
    this.#steps = new PhotoSteps(strings, actions, () => this.#photo, () => this.#words.mayLeave());
    const close = button({ label: strings.close, icon: "close", class: "symbol" }, () => this.#leave());
    this.node = element(
      "dialog",
      { part: "dialog", "aria-labelledby": "title" },
      element("header", { class: "bar-top" }, this.#title, this.#steps.previous, this.#steps.next, close),
      element("div", { class: "body" }, this.#stage, element("div", { class: "side" }, this.#shownNext, this.#note, this.#warnings, this.#words.node, this.#facts, this.#everything, this.#footer)),
    );
    this.node.addEventListener("close", () => this.#closed());
    this.node.addEventListener("keydown", (event) => this.#onKey(event));
    // Escape, and a phone's gesture for "back".
    this.node.addEventListener("cancel", (event) => {
      if (!this.#words.mayLeave()) {
        event.preventDefault();
      }
    });
    // The dialog has no padding, so what hits the dialog itself hit the backdrop. Where text is selected with the mouse
    // and let go of beside the dialog, the click is the dialog's, too: what counts is where it began.
    let isPressed = false;
    this.node.addEventListener("pointerdown", ({ target }) => {
      isPressed = target === this.node;
    });
    this.node.addEventListener("click", ({ target }) => {
      if (isPressed && target === this.node && !this.#words.editing) {
        this.node.close();
      }
    });
  }

  get photo(): Photo | null {
    return this.#photo;
  }

  show(photo: Photo, rights: DialogRights): void {
    this.#photo = photo;
    this.#rights = rights;
    setText(this.#title, photo.filename);
    this.#title.title = photo.filename;
    this.#steps.mirror(this.#readsLeftwards);
    this.#steps.show();
    this.#showPicture(photo, true);
    this.#words.show(photo, this.#may("mayEdit"));
    this.#showFacts(photo);
    setText(this.#note, isArriving(photo) ? this.#strings.arrivingText : "");
    this.#showButtons(photo, this.#may("mayRemove"));
    if (this.node.open) {
      // Written anew also where it is the same: phones give many photos one name.
      this.#shownNext.replaceChildren(`${photo.filename}. ${this.#describe(photo)}`);
    } else {
      this.node.showModal();
    }
  }

  /** What is beside the photo may change with the list. */
  showSteps(): void {
    this.#steps.show();
  }

  /**
   * The photo that is shown has changed. Its picture stays, unless only a smaller one was there or it is locked now,
   * and so does what somebody is just writing.
   */
  update(photo: Photo): void {
    const before = this.#photo;
    if (before?.photo_id !== photo.photo_id || before === photo) {
      return;
    }
    this.#photo = photo;
    this.#showFacts(photo);
    this.#stage.querySelector("img")?.setAttribute("alt", this.#describe(photo));
    if (this.#original !== null && isWebAddress(photo.url)) {
      this.#original.href = photo.url;
    }
    this.#words.update(photo, this.#may("mayEdit"));
    if (isLocked(photo) && !isLocked(before)) {
      this.#lock(photo);
    } else if (isArriving(before)) {
      this.#showMore(before, photo);
    }
  }

  /** The photo is gone. Whether the dialog stays all the same, for what somebody has written and not saved. */
  keepsDraft(): boolean {
    if (this.#photo === null || !this.#words.keepsDraft(this.#photo)) {
      return false;
    }
    this.#rights = { mayRemove: false, mayEdit: false };
    const { removedMeanwhile, draftKept } = this.#strings;
    this.#footer.replaceChildren();
    this.say(`${removedMeanwhile(this.#photo.filename)} ${draftKept}`);
    return true;
  }

  /** It was found to be dangerous: nothing of it is to be seen any more, nor said to have arrived. */
  #lock(photo: Photo): void {
    this.#showNothing(photo);
    setText(this.#note, "");
    this.#showButtons(photo, this.#may("mayRemove"));
  }

  /** More is there of a photo whose original was on its way: a larger picture, or the original itself. */
  #showMore(before: Photo, photo: Photo): void {
    const width = (which: Photo): number | null => pictureFor(which, LARGE_EDGE_PX)?.width ?? null;
    if (width(before) !== width(photo) || (photo.kind === "video" && !isArriving(photo))) {
      this.#showPicture(photo, true);
    }
    if (!isArriving(photo)) {
      setText(this.#note, this.#strings.arrivedText);
      this.#showButtons(photo, this.#may("mayRemove"));
    }
  }

  /** Until its original is there nobody can do anything to a photo. */
  #may(right: keyof DialogRights): boolean {
    return this.#rights[right] && this.#photo !== null && !isArriving(this.#photo);
  }

  close(): void {
    this.node.close();
  }

  /** Says something that is not about this photo, but has to be heard. */
  say(text: string): void {
    setText(this.#note, text);
  }

  #closed(): void {
    const photo = this.#photo;
    this.#photo = null;
    this.#stage.replaceChildren();
    if (photo !== null) {
      this.#actions.closed(photo);
    }
  }

  /** Whether the page is read from right to left. */
  get #readsLeftwards(): boolean {
    return getComputedStyle(this.node).direction === "rtl";
  }

  #onKey(event: KeyboardEvent): void {
    // Arrows move the caret of who is writing, and the position in a film that has the keyboard.
    if (this.#words.editing || event.target instanceof HTMLMediaElement) {
      return;
    }
    const [previous, next] = this.#readsLeftwards ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
    const by = event.key === previous ? -1 : event.key === next ? 1 : null;
    if (by !== null && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      void this.#steps.go(by);
    }
  }

  #leave(): void {
    if (this.#words.mayLeave()) {
      this.node.close();
    }
  }

  #showPicture(photo: Photo, mayRenew: boolean): void {
    if (photo.kind === "video" && isWebAddress(photo.url)) {
      const video = element("video", { controls: true, preload: "metadata", playsinline: true });
      video.addEventListener("error", () => void this.#renew(photo, mayRenew));
      video.src = photo.url;
      this.#stage.replaceChildren(video);
      return;
    }
    const picture = pictureFor(photo, LARGE_EDGE_PX);
    if (picture === null) {
      this.#showNothing(photo);
      return;
    }
    const image = element("img", { alt: this.#describe(photo), decoding: "async", referrerpolicy: "no-referrer" });
    if (picture.width !== null && picture.height !== null) {
      // So that the place is kept while it loads.
      image.width = picture.width;
      image.height = picture.height;
    }
    image.addEventListener("error", () => void this.#renew(photo, mayRenew));
    image.src = picture.url;
    this.#stage.replaceChildren(image);
  }

  /** The picture in words; the file's name is above it already. */
  #describe({ caption }: Photo): string {
    return caption ?? this.#strings.noCaption;
  }

  /** Addresses expire while a page stays open: once more with fresh ones. */
  async #renew(photo: Photo, mayRenew: boolean): Promise<void> {
    if (this.#photo?.photo_id !== photo.photo_id) {
      return;
    }
    if (!mayRenew) {
      this.#showNothing(photo);
      return;
    }
    await this.#freshen(photo).catch(() => undefined);
    const current = this.#current(photo);
    if (current !== null) {
      this.#showPicture(current, false);
    }
  }

  async #freshen(photo: Photo): Promise<void> {
    const fresh = await this.#actions.renew(photo);
    // What was answered may be older than what was heard meanwhile: a photo that is locked now stays locked.
    if (this.#current(photo) !== null) {
      // It may have arrived meanwhile: what can be done with it, too.
      this.update(fresh);
    }
  }

  /** The photo as it is now; `null` where another one is shown, or this one is locked. */
  #current({ photo_id }: Photo): Photo | null {
    return this.#photo?.photo_id === photo_id && !isLocked(this.#photo) ? this.#photo : null;
  }

  /** No picture that fails to load tells that the original's address has ended: who opens it then is given a fresh one. */
  async #openFresh(photo: Photo, link: HTMLAnchorElement): Promise<void> {
    try {
      await this.#freshen(photo);
      if (this.#current(photo) !== null && link.isConnected) {
        link.click();
      }
    } catch (thrown) {
      if (this.#current(photo) !== null) {
        this.say(this.#strings.error(toWindlassError(thrown)));
      }
    }
  }

  #showNothing(photo: Photo): void {
    const { locked, noPreview } = this.#strings;
    this.#stage.replaceChildren(icon("photo"), element("figcaption", {}, isLocked(photo) ? locked : noPreview));
  }

  #showFacts(photo: Photo): void {
    const strings = this.#strings;
    const { metadata, location } = photo;
    const taken = takenAt(photo);
    const takenText = taken && formatTaken(taken);
    const zone = taken?.offset ? `UTC${taken.offset}` : strings.offsetUnknown;
    const stored = new Date(photo.uploaded_at ?? photo.created_at);
    const facts: [string, ...(Node | string | null)[]][] = [
      [strings.taken, takenText && `${takenText} (${zone})`],
      [strings.camera, metadata && cameraName(metadata)],
      [strings.place, location && formatPlace(location), location && this.#mapLink(mapAddress(location))],
      [strings.settings, metadata && formatSettings(metadata)],
      [strings.size, formatSize(photo)],
      [strings.pictures, formatPictures(photo)],
      [strings.stored, isArriving(photo) ? null : new Intl.DateTimeFormat(undefined, { dateStyle: "long", timeStyle: "short" }).format(stored)],
      [strings.status, strings.statusText(photo.status, photo.status_reason)],
    ];
    const known = facts.filter(([, value]) => value !== null && value !== undefined);
    replaceChanged(
      this.#facts,
      known.flatMap(([name, ...values]) => [element("dt", {}, name), element("dd", {}, ...values.map((value) => value ?? null))]),
    );
    const everything = metadata === null ? [] : metadataFacts(metadata, strings.facts);
    this.#everything.hidden = everything.length === 0;
    replaceChanged(this.#everything, [element("summary", {}, strings.everything), factList(everything)]);
    const warnings = new Set((metadata?.warnings ?? []).map((warning) => strings.warning(warning)));
    replaceChanged(this.#warnings, [...warnings].map((text) => element("li", {}, icon("warning"), element("span", {}, text))));
  }

  #mapLink(address: string): HTMLAnchorElement {
    const link = element("a", { class: "map", target: "_blank", rel: "noopener noreferrer" }, this.#strings.map);
    link.href = address;
    return link;
  }

  #showButtons(photo: Photo, mayRemove: boolean): void {
    const buttons: Node[] = [];
    this.#original = null;
    if (isWebAddress(photo.url)) {
      const link = element("a", { class: "button secondary", target: "_blank", rel: "noopener noreferrer" }, this.#strings.openOriginal);
      link.href = photo.url;
      link.addEventListener("click", (event) => {
        const shown = this.#photo;
        // The page's own click comes with what there is, also where its clock is ahead and every address has ended.
        if (event.isTrusted && shown !== null && endsSoon(shown)) {
          event.preventDefault();
          void this.#openFresh(shown, link);
        }
      });
      this.#original = link;
      buttons.push(link);
    }
    if (mayRemove) {
      const notRemoved = (reason: string, problem: Element): void => {
        if (!this.node.open || !problem.isConnected) {
          this.#actions.notRemoved(photo, reason);
        }
      };
      buttons.push(...removeButton(this.#strings, () => this.#actions.remove(photo), notRemoved));
    }
    this.#footer.replaceChildren(...buttons);
  }
}
