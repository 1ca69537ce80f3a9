/** Trying again later what the network did not let happen: after a while, then less often, and at once when there is a reason to. */

const FIRST_MS = 2_000;
const MOST_MS = 30_000;

export class Again {
  readonly #act: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delayMs = FIRST_MS;

  constructor(act: () => void) {
    this.#act = act;
  }

  get isWaiting(): boolean {
    return this.#timer !== undefined;
  }

  /** It did not happen. */
  later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#now(), this.#delayMs);
    this.#delayMs = Math.min(2 * this.#delayMs, MOST_MS);
  }

  /** The network may be back. */
  wake(): void {
    if (this.isWaiting) {
      this.#delayMs = FIRST_MS;
      this.#now();
    }
  }

  /** It happened, or is not wanted any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#delayMs = FIRST_MS;
  }

  #now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#act();
  }
}
