/** What is before and after the photo that is open in `<windlass-gallery>`. */
import type { Photo } from "../generated/Photo";

export interface Beside {
  previous: Photo | undefined;
  next: Photo | undefined;
}

export class Neighbours {
  readonly #listed: () => readonly Photo[];
  /** From when the photo was listed: it may have left the list since, as where it does not pass the filter any more. */
  #ids: readonly (string | undefined)[] = [];

  constructor(listed: () => readonly Photo[]) {
    this.#listed = listed;
  }

  of({ photo_id: open }: Photo): Beside {
    const photos = this.#listed();
    const position = photos.findIndex(({ photo_id }) => photo_id === open);
    if (position >= 0) {
      this.#ids = [photos[position - 1]?.photo_id, photos[position + 1]?.photo_id];
    }
    const [previous, next] = this.#ids.map((id) => photos.find(({ photo_id }) => photo_id === id));
    return { previous, next };
  }
}
