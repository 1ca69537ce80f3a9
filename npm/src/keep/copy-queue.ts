/**
 * The order in which files are copied: one at a time, small ones first, so that most are safe soon; of
 * about the same size the newest first, for the oldest are being sent. Each waits a moment, a large one
 * longer: on a good line it is stored before a copy of it would be of use.
 */

const WAITS_MS = 200;
/** From this size on, in bytes, a file is large, and waits this long. */
const LARGE_BYTES = 32 * 1024 * 1024;
const LARGE_WAITS_MS = 2_000;
/** What is added within this time was chosen together, and may begin together: size decides, not who came first. */
const TOGETHER_MS = 100;

interface Copy {
  /** About how large it is: the binary logarithm. */
  magnitude: number;
  /** When it may begin, in milliseconds of `performance.now()`. */
  from: number;
  isWanted: () => boolean;
  work: () => Promise<void>;
}

export class CopyQueue {
  #waiting: Copy[] = [];
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `work` is called in its turn, unless it is not wanted any more by then. Its failure is its own affair. */
  add(size: number, isWanted: () => boolean, work: () => Promise<void>): void {
    const alone = performance.now() + (size >= LARGE_BYTES ? LARGE_WAITS_MS : WAITS_MS);
    const together = this.#waiting.map((copy) => copy.from).filter((from) => from > alone - TOGETHER_MS && from <= alone);
    const from = Math.min(alone, ...together);
    // Sorting is stable: the newest stays first among its like.
    this.#waiting.unshift({ magnitude: Math.floor(Math.log2(size + 1)), from, isWanted, work });
    this.#waiting.sort((a, b) => a.magnitude - b.magnitude);
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
      const done = (): void => {
        this.#busy = false;
        this.#next();
      };
      copy.work().then(done, done);
    } else if (this.#waiting.length > 0) {
      const soonest = Math.min(...this.#waiting.map(({ from }) => from));
      this.#timer = setTimeout(() => this.#next(), soonest - now);
    }
  }
}
