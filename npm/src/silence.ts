/** Gives a request up when nothing is heard of it: a limit on silence, and none on how long it takes in all. */
import { watchNetwork } from "./page.js";

/** So long without a byte, in milliseconds, and a request is given up. */
export const SILENT_MOST_MS = 30_000;
/** After a change of network a request has this long to show that it is alive, in milliseconds. */
export const PROOF_OF_LIFE_MS = 4_000;

export class Silence {
  readonly #stop = new AbortController();
  readonly #mostMs: number;
  readonly #unwatch: () => void;
  readonly #asker: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  /** At most so long between two signs of life, in milliseconds. `asker` gives it up at any time. */
  constructor(mostMs: number, asker?: AbortSignal) {
    this.#mostMs = mostMs;
    this.#asker = asker;
    this.heard();
    // What was under way on a connection of before is likely dead.
    this.#unwatch = watchNetwork((online) => online && this.#wait(Math.min(PROOF_OF_LIFE_MS, mostMs)));
    asker?.addEventListener("abort", this.#giveUp);
    if (asker?.aborted) {
      this.#giveUp();
    }
  }

  /** Aborts when there was silence for too long, or nobody asks any more. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** A sign of life. */
  heard(): void {
    this.#wait(this.#mostMs);
  }

  /** It is over, or may take what it takes. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#unwatch();
    this.#asker?.removeEventListener("abort", this.#giveUp);
  }

  readonly #giveUp = (): void => {
    this.end();
    this.#stop.abort();
  };

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#isOver) {
      this.#timer = setTimeout(this.#giveUp, ms);
    }
  }
}

/** Every piece of a body is a sign of life. */
export async function listenTo(body: Response, silence: Silence): Promise<void> {
  const reader = body.body?.getReader();
  if (reader === undefined) {
    silence.end();
    return;
  }
  try {
    while (!(await reader.read()).done) {
      silence.heard();
    }
  } catch {
    // Whoever reads the same body for its content is told.
  }
}
