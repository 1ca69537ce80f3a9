/** What is before and after the photo that is open in `<windlass-gallery>`. */
import type { Photo } from "../generated/Photo";
import type { PhotoPages } from "./photo-pages.js";

export interface Beside {
  previous: Photo | undefined;
  next: Photo | undefined;
  /** The next one is not loaded yet. */
  isNextToCome: boolean;
}

export class Neighbours {
  readonly #pages: () => PhotoPages | null;
  /** From when the photo was listed: it may have left the list since, as where it does not pass the filter any more. */
  #ids: readonly (string | undefined)[] = [];
  #wasLast = false;

  constructor(pages: () => PhotoPages | null) {
    this.#pages = pages;
  }

  of({ photo_id: open }: Photo): Beside {
    const pages = this.#pages();
    const photos = pages?.photos ?? [];
    const position = photos.findIndex(({ photo_id }) => photo_id === open);
    if (position >= 0) {
      this.#ids = [photos[position - 1]?.photo_id, photos[position + 1]?.photo_id];
      this.#wasLast = position === photos.length - 1;
    }
    const [previous, next] = this.#ids.map((id) => photos.find(({ photo_id }) => photo_id === id));
    return { previous, next, isNextToCome: position >= 0 && this.#wasLast && pages?.hasMore === true };
  }
}
