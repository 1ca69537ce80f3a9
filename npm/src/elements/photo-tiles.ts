/** The tiles of `<windlass-gallery>`: one is kept, with its picture and the keyboard, as long as its photo is listed. */
import type { Photo } from "../generated/Photo";
import { arrange } from "./dom.js";
import type { GalleryStrings } from "./gallery.strings.js";
import { PhotoTile, type TileActions } from "./photo-tile.js";

export class PhotoTiles {
  readonly #grid: HTMLElement;
  readonly #strings: GalleryStrings;
  readonly #actions: TileActions;
  readonly #byId = new Map<string, PhotoTile>();

  constructor(grid: HTMLElement, strings: GalleryStrings, actions: TileActions) {
    this.#grid = grid;
    this.#strings = strings;
    this.#actions = actions;
  }

  get isEmpty(): boolean {
    return this.#byId.size === 0;
  }

  clear(): void {
    this.#byId.clear();
    this.#grid.replaceChildren();
  }

  show(photos: readonly Photo[]): void {
    const listed = new Set(photos.map(({ photo_id }) => photo_id));
    for (const photoId of [...this.#byId.keys()].filter((each) => !listed.has(each))) {
      this.#byId.delete(photoId);
    }
    const held = (this.#grid.getRootNode() as ShadowRoot).activeElement?.closest("li") ?? null;
    const before = held?.parentNode === this.#grid ? [...this.#grid.children] : [];
    arrange(this.#grid, photos.map((photo) => this.#tileFor(photo).node));
    if (held !== null && before.length > 0 && held.parentNode === null) {
      // Its photo has left the list, as where it passes the filter no more: the keyboard goes to what was beside it.
      const place = before.indexOf(held);
      const beside = [...before.slice(place + 1), ...before.slice(0, place).reverse()].find(({ parentNode }) => parentNode !== null);
      beside?.querySelector("button")?.focus();
    }
  }

  /** Whether the keyboard, which is there, is on this photo's. */
  holds(photoId: string, focused: Element | null): boolean {
    return this.#byId.get(photoId)?.node.contains(focused) === true;
  }

  /** The keyboard goes to the first of these that has a tile. */
  focus(...photos: readonly (Photo | undefined)[]): void {
    const tiles = photos.map((photo) => photo && this.#byId.get(photo.photo_id));
    tiles.find((tile) => tile !== undefined)?.focus();
  }

  #tileFor(photo: Photo): PhotoTile {
    const known = this.#byId.get(photo.photo_id);
    if (known !== undefined) {
      known.update(photo);
      return known;
    }
    const tile = new PhotoTile(photo, this.#strings, this.#actions);
    this.#byId.set(photo.photo_id, tile);
    return tile;
  }
}
