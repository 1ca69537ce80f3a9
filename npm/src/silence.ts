/** Gives a request up when nothing is heard of it: a limit on silence, and none on how long it takes in all. */
import { watchNetwork } from "./page.js";

/** After a change of network a request has this long to show that it is alive, in milliseconds. */
export const PROOF_OF_LIFE_MS = 4_000;

export class Silence {
  readonly #stop = new AbortController();
  readonly #mostMs: number;
  readonly #unwatch: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** At most so long between two signs of life, in milliseconds. */
  constructor(mostMs: number) {
    this.#mostMs = mostMs;
    this.heard();
    // What was under way on a connection of before is likely dead.
    this.#unwatch = watchNetwork((online) => online && this.#wait(Math.min(PROOF_OF_LIFE_MS, mostMs)));
  }

  /** Aborts when there was silence for too long. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** A sign of life. */
  heard(): void {
    this.#wait(this.#mostMs);
  }

  /** It is over, or may take what it takes. */
  end(): void {
    clearTimeout(this.#timer);
    this.#unwatch();
  }

  #wait(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.end();
      this.#stop.abort();
    }, ms);
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
