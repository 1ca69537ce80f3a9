/**
 * The order in which files are copied: one at a time, small ones first, so that most are safe soon; of
 * about the same size the newest first, for the oldest are being sent. Each waits a moment, a large one
 * longer, and longer still while everything is about to be stored: on a good line it is before a copy of it
 * would be of use, and copying takes from the sending what the device has of processor and disk.
 */

/** How long files up to a size, in bytes, wait: smaller pictures, photos, and everything else. */
const WAITS: readonly [bytes: number, ms: number][] = [
  [1024 * 1024, 200],
  [32 * 1024 * 1024, 1_000],
  [Infinity, 2_000],
];
/** Who said that everything is stored soon, and says no more, is believed this long. */
const BELIEVED_MS = 500;
/** And nobody waits longer for that than this. */
const POSTPONED_MOST_MS = 3_000;
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
  #calmUntil = 0;

  /** `work` is called in its turn, unless it is not wanted any more by then. Its failure is its own affair. */
  add(size: number, isWanted: () => boolean, work: () => Promise<void>): void {
    const [, waits = 0] = WAITS.find(([most]) => size < most) ?? [];
    const alone = performance.now() + waits;
    const together = this.#waiting.map((copy) => copy.from).filter((from) => from > alone - TOGETHER_MS && from <= alone);
    const from = Math.min(alone, ...together);
    // Sorting is stable: the newest stays first among its like.
    this.#waiting.unshift({ magnitude: Math.floor(Math.log2(size + 1)), from, isWanted, work });
    this.#waiting.sort((a, b) => a.magnitude - b.magnitude);
    this.#next();
  }

  /** As things go, everything that is on its way is stored soon. */
  calm(): void {
    this.#calmUntil = performance.now() + BELIEVED_MS;
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
    const due = ({ from }: Copy): number => Math.max(from, Math.min(this.#calmUntil, from + POSTPONED_MOST_MS));
    const position = this.#waiting.findIndex((copy) => due(copy) <= now);
    const copy = position < 0 ? undefined : this.#waiting.splice(position, 1)[0];
    if (copy !== undefined) {
      this.#busy = true;
      const done = (): void => {
        this.#busy = false;
        this.#next();
      };
      copy.work().then(done, done);
    } else if (this.#waiting.length > 0) {
      const soonest = Math.min(...this.#waiting.map(due));
      this.#timer = setTimeout(() => this.#next(), soonest - now);
    }
  }
}
