/**
 * The order in which files are copied: one at a time, small ones first, so that most are safe soon. A large
 * file waits a moment: on a good line it is stored before a copy of it would be of use.
 */

/** From this size on, in bytes, a file is large, and waits this long. */
const LARGE_BYTES = 32 * 1024 * 1024;
const LARGE_WAITS_MS = 2_000;

interface Copy {
  size: number;
  /** When it may begin, in milliseconds of `performance.now()`. */
  from: number;
  isWanted: () => boolean;
  work: () => Promise<void>;
}

export class CopyQueue {
  #waiting: Copy[] = [];
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `work` is called in its turn, unless it is not wanted any more by then. */
  add(size: number, isWanted: () => boolean, work: () => Promise<void>): void {
    const from = performance.now() + (size >= LARGE_BYTES ? LARGE_WAITS_MS : 0);
    this.#waiting.push({ size, from, isWanted, work });
    this.#waiting.sort((a, b) => a.size - b.size);
    this.#next();
  }

  /** Begins nothing more. */
  stop(): void {
    this.#waiting = [];
    clearTimeout(this.#timer);
  }

  #next(): void {
    clearTimeout(this.#timer);
    if (this.#busy) {
      return;
    }
    this.#waiting = this.#waiting.filter(({ isWanted }) => isWanted());
    const now = performance.now();
    const position = this.#waiting.findIndex(({ from }) => from <= now);
    const copy = position < 0 ? undefined : this.#waiting.splice(position, 1)[0];
    if (copy !== undefined) {
      this.#busy = true;
      void copy.work().finally(() => {
        this.#busy = false;
        this.#next();
      });
    } else if (this.#waiting.length > 0) {
      const soonest = Math.min(...this.#waiting.map(({ from }) => from));
      this.#timer = setTimeout(() => this.#next(), soonest - now);
    }
  }
}
