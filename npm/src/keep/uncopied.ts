/** Files that could not be copied, and how that is tried again when there may be room. */

/** A larger file fills what room there is before that fails: gigabytes are written for nothing, and nothing else is copied. */
const LARGE_BYTES = 32 * 1024 * 1024;

interface Waiting {
  copy: () => void;
  /** How often others go first. */
  passes: number;
}

export class Uncopied {
  /** Whose turn it is comes first. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #failures = new Map<string, number>();

  /** A large one lets pass by twice as many occasions after each failure. */
  add(ref: string, size: number, copy: () => void): void {
    const failures = this.#failures.get(ref) ?? 0;
    this.#failures.set(ref, failures + 1);
    this.#waiting.set(ref, { copy, passes: size > LARGE_BYTES ? 2 ** failures : 0 });
  }

  /** It is copied, or nobody wants it any more. */
  delete(ref: string): void {
    this.#waiting.delete(ref);
    this.#failures.delete(ref);
  }

  /** There may be room now. One at a time: where there is none, the next waits. */
  copyNext(): void {
    for (const [ref, waiting] of this.#waiting) {
      if (waiting.passes > 0) {
        waiting.passes -= 1;
        continue;
      }
      this.#waiting.delete(ref);
      waiting.copy();
      return;
    }
  }
}
