/** One photo in the grid of `<windlass-gallery>`. */
import type { Photo } from "../generated/Photo";
import { element, icon, setText, type IconName } from "./dom.js";
import type { GalleryStrings } from "./gallery.strings.js";
import { formatTaken, isArriving, isLocked, pictureFor, takenAt } from "./photo-facts.js";

/** A tile is at most this wide; screens with two pixels for one want the next larger variant. */
const TILE_EDGE_PX = 200;

const ICON_BY_KIND: Record<Photo["kind"], IconName> = {
  photo: "photo",
  video: "video",
  document: "document",
  archive: "archive",
};

export interface TileActions {
  open(photo: Photo): void;
  loaded(photo: Photo): void;
  /** The picture did not load: its address may have expired. */
  broken(photo: Photo): void;
}

export class PhotoTile {
  readonly node = element("li", { part: "item" });
  readonly #button = element("button", { type: "button", class: "tile", part: "tile" });
  readonly #caption = element("span", { class: "caption" });
  readonly #badge: HTMLSpanElement;
  readonly #actions: TileActions;
  readonly #strings: GalleryStrings;
  #photo: Photo;
  #image: HTMLImageElement | null = null;
  #failed = false;

  constructor(photo: Photo, strings: GalleryStrings, actions: TileActions) {
    this.#photo = photo;
    this.#strings = strings;
    this.#actions = actions;
    this.#badge = element("span", { class: "arriving", part: "badge" }, icon("clock"), element("span", {}, strings.arriving));
    this.#button.addEventListener("click", () => actions.open(this.#photo));
    this.node.append(this.#button);
    this.#show(photo);
  }

  /** Of thousands of photos few have changed: whatever was asked for again is another object. */
  update(photo: Photo): void {
    if (photo !== this.#photo) {
      this.#photo = photo;
      this.#show(photo);
    }
  }

  focus(): void {
    this.#button.focus();
  }

  /**
   * A picture that is shown stays: a fresh signature for the same bytes is no reason to load them again. One that the
   * browser has not loaded yet, as it does for those far below, gets the fresh address before the old one expires.
   */
  #show(photo: Photo): void {
    const taken = takenAt(photo);
    const label = this.#strings.open(photo.filename, taken && formatTaken(taken));
    const isWrong = photo.status === "failed" || isLocked(photo);
    const status = isArriving(photo) ? this.#strings.arriving : isWrong ? this.#strings.statusText(photo.status, photo.status_reason) : null;
    const damage = photo.metadata?.warnings.find(({ code }) => code === "incomplete" || code === "truncated" || code === "corrupt");
    // The label stands for all that is in the button: the badge and the mark, too.
    const parts = [label, status, damage ? this.#strings.warning(damage) : null];
    this.#button.setAttribute("aria-label", parts.filter((part) => part !== null).join(". "));
    this.#badge.hidden = !isArriving(photo);
    setText(this.#caption, photo.filename);
    this.#button.classList.toggle("warned", damage !== undefined || isWrong);
    const picture = pictureFor(photo, TILE_EDGE_PX);
    if (picture === null) {
      this.#showIcon();
    } else if (this.#image === null || this.#failed) {
      this.#showImage(picture.url);
    } else if (!this.#image.classList.contains("loaded") && this.#image.getAttribute("src") !== picture.url) {
      this.#image.src = picture.url;
    }
  }

  #showImage(url: string): void {
    const image = element("img", { alt: "", loading: "lazy", decoding: "async", referrerpolicy: "no-referrer" });
    image.addEventListener("load", () => {
      this.#failed = false;
      image.classList.add("loaded");
      this.#actions.loaded(this.#photo);
    });
    image.addEventListener("error", () => {
      if (this.#image === image) {
        this.#failed = true;
        this.#showIcon();
        this.#actions.broken(this.#photo);
      }
    });
    image.src = url;
    this.#image = image;
    this.#button.replaceChildren(image, this.#badge, icon("warning"));
  }

  #showIcon(): void {
    this.#button.replaceChildren(icon(ICON_BY_KIND[this.#photo.kind]), this.#caption, this.#badge, icon("warning"));
  }
}
