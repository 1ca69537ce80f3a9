/** Caption and tags of one photo in the dialog of `<windlass-gallery>`: read, and written where that is allowed. */
import { toWindlassError } from "../errors.js";
import type { EditPhotoRequest } from "../generated/EditPhotoRequest";
import type { Photo } from "../generated/Photo";
import { button, element, isBusy, plainList, setBusy, setText } from "./dom.js";
import type { GalleryStrings } from "./gallery.strings.js";

const MAX_CAPTION_CHARS = 1000;

export interface WordActions {
  save(photo: Photo, changes: EditPhotoRequest): Promise<void>;
  /** Shows the photos with this label; `null` where the gallery has no search bar. */
  find: ((label: string) => void) | null;
}

/** What somebody is writing: whether it differs from what there was, and what throws it away. */
interface Draft {
  isChanged(): boolean;
  /** Of a photo that is gone nothing can be saved. */
  isGone: boolean;
  readonly save: HTMLButtonElement;
  readonly cancel: HTMLButtonElement;
  readonly label: Element;
}

export class PhotoWords {
  readonly node = element("section", { class: "words-of", part: "words" });
  readonly #strings: GalleryStrings;
  readonly #actions: WordActions;
  #draft: Draft | null = null;
  /** What is shown, as text. */
  #shown = "";
  /** Shows the photo as it is known by now, without what was being written. */
  #showLatest = (): void => undefined;

  constructor(strings: GalleryStrings, actions: WordActions) {
    this.#strings = strings;
    this.#actions = actions;
  }

  /** Whether somebody is writing: what arrives meanwhile must not take it away. */
  get editing(): boolean {
    return this.#draft !== null;
  }

  /** The photo is gone. Whether something is written that was not saved: it stays, to be copied. */
  keepsDraft(photo: Photo): boolean {
    if (this.#draft?.isChanged() !== true) {
      return false;
    }
    this.#draft.isGone = true;
    setBusy(this.#draft.save, true);
    this.update(photo, false);
    return true;
  }

  /** Whether the photo may be left now. What was written and not saved is not lost without a question. */
  mayLeave(): boolean {
    const { confirmDiscard } = this.#strings;
    const draft = this.#draft;
    if (draft === null || !draft.isChanged() || draft.label.textContent === confirmDiscard) {
      return true;
    }
    setText(draft.label, confirmDiscard);
    draft.cancel.focus();
    return false;
  }

  /** The photo has changed: it is shown so, once nobody is writing. */
  update(photo: Photo, mayEdit: boolean): void {
    this.#showLatest = () => this.show(photo, mayEdit);
    if (this.#draft === null) {
      this.#showLatest();
    }
  }

  show(photo: Photo, mayEdit: boolean): void {
    this.#showLatest = () => this.show(photo, mayEdit);
    const shown = JSON.stringify([photo.photo_id, photo.caption, photo.tags, mayEdit]);
    if (shown === this.#shown && this.#draft === null) {
      return;
    }
    this.#shown = shown;
    this.#draft = null;
    const strings = this.#strings;
    const parts: Node[] = [];
    if (photo.caption !== null) {
      parts.push(element("p", { class: "caption-text" }, photo.caption));
    }
    if (photo.tags.length > 0) {
      parts.push(plainList({ class: "tags", "aria-label": strings.tags }, ...photo.tags.map((tag) => this.#tag(tag))));
    }
    if (mayEdit) {
      const label = parts.length === 0 ? strings.describe : strings.edit;
      parts.push(button({ label, showLabel: true, class: "quiet edit", part: "button edit" }, () => this.#edit(photo)));
    }
    const hadFocus = this.node.matches(":focus-within");
    this.node.replaceChildren(...parts);
    this.node.hidden = parts.length === 0;
    if (hadFocus) {
      this.#focus();
    }
  }

  #tag(tag: string): HTMLLIElement {
    const { find } = this.#actions;
    return element(
      "li",
      {},
      find === null
        ? element("span", { class: "tag" }, tag)
        : button({ label: tag, showLabel: true, class: "tag" }, () => find(tag)),
    );
  }

  #edit(photo: Photo): void {
    const strings = this.#strings;
    const caption = element("textarea", { class: "field", rows: "4", maxlength: String(MAX_CAPTION_CHARS) });
    caption.value = photo.caption ?? "";
    const tags = element("input", { class: "field", type: "text", autocomplete: "off", "aria-describedby": "tags-hint" });
    tags.value = photo.tags.join(", ");
    const hint = element("small", { class: "hint" }, strings.tagsHint);
    hint.id = "tags-hint";
    const save = element("button", { type: "submit", class: "primary" }, strings.save);
    const label = element("span", {}, strings.cancel);
    const cancel = element("button", { type: "button", class: "secondary" }, label);
    cancel.addEventListener("click", () => this.#leave());
    cancel.addEventListener("blur", () => setText(label, strings.cancel));
    const problem = element("p", { class: "problem", role: "alert" });
    const form = element(
      "form",
      { class: "edit-form" },
      element("label", {}, element("span", {}, strings.caption), caption),
      element("label", {}, element("span", {}, strings.tags), tags, hint),
      element("div", { class: "dialog-buttons" }, save, cancel),
      problem,
    );
    // As the fields have it, which make one kind of line end of all.
    const before = [caption.value, tags.value];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (isBusy(save)) {
        return;
      }
      setBusy(save, true);
      // What was written from here on would be gone with the answer, and not sent.
      caption.readOnly = tags.readOnly = true;
      setText(problem, "");
      // What is left as it was may be another's by now.
      const changes: EditPhotoRequest = {
        ...(caption.value !== before[0] && { caption: caption.value.trim() === "" ? null : caption.value }),
        ...(tags.value !== before[1] && { tags: tagsOf(tags.value) }),
      };
      void this.#actions.save(photo, changes).then(
        () => {
          // Whoever has left the photo and come back may be writing something else by now.
          if (this.#draft === draft) {
            this.#showLatest();
          }
        },
        (thrown: unknown) => {
          caption.readOnly = tags.readOnly = false;
          setBusy(save, draft.isGone);
          setText(problem, strings.error(toWindlassError(thrown)));
        },
      );
    });
    const draft: Draft = {
      isChanged: () => caption.value !== before[0] || tags.value !== before[1],
      isGone: false,
      save,
      cancel,
      label,
    };
    this.#draft = draft;
    this.node.replaceChildren(form);
    caption.focus();
  }

  #leave(): void {
    this.#showLatest();
    this.#focus();
  }

  /** The keyboard stays here when what had it is replaced; or in the dialog, where nothing can be edited any more. */
  #focus(): void {
    const edit = this.node.querySelector<HTMLElement>("button.edit");
    (edit ?? this.node.closest("dialog")?.querySelector("button"))?.focus();
  }
}

export function tagsOf(text: string): string[] {
  return text
    .split(/[,\n]/u)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== "");
}
