/** Pictures of `<windlass-gallery>` that did not load. Many expire together, and are asked for together. */
import type { Photo } from "../generated/Photo";

export class BrokenPictures {
  /** Asked for anew once; ids of their photos. */
  readonly #asked = new Set<string>();
  readonly #renew: () => Promise<void>;
  #renewing = false;

  constructor(renew: () => Promise<void>) {
    this.#renew = renew;
  }

  /** One that fails with a fresh address stays an icon. */
  broken({ photo_id }: Photo): void {
    const fresh = !this.#asked.has(photo_id);
    this.#asked.add(photo_id);
    if (!fresh || this.#renewing) {
      return;
    }
    this.#renewing = true;
    void this.#renew().finally(() => {
      this.#renewing = false;
    });
  }

  loaded({ photo_id }: Photo): void {
    this.#asked.delete(photo_id);
  }

  clear(): void {
    this.#asked.clear();
  }
}
