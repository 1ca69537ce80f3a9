/** Keeps the screen on while something is sent: a phone that locks itself stops sending. */

/**
 * What is sent wants the screen on. What waits for a signal wants it for a while: somebody may be on the way to where
 * there is one, or may have put the phone down for the day.
 */
export type ScreenNeed = "none" | "waiting" | "moving";

/** So long the screen is kept on for nothing but the wait for a signal. */
export const WAITING_MS = 2 * 60_000;

export class Awake {
  #need: ScreenNeed = "none";
  #wanted = false;
  #held: WakeLockSentinel | null = null;
  #patience: ReturnType<typeof setTimeout> | undefined;
  readonly #watching = new AbortController();

  constructor() {
    // A page that is hidden loses the lock; it is taken again when it is seen.
    globalThis.document?.addEventListener("visibilitychange", () => this.#take(), { signal: this.#watching.signal });
  }

  want(need: ScreenNeed): void {
    if (need === this.#need) {
      return;
    }
    this.#need = need;
    clearTimeout(this.#patience);
    if (need === "none") {
      this.#letGo();
      return;
    }
    if (need === "waiting") {
      this.#patience = setTimeout(() => this.#letGo(), WAITING_MS);
    }
    this.#wanted = true;
    this.#take();
  }

  close(): void {
    this.want("none");
    this.#watching.abort();
  }

  #letGo(): void {
    this.#wanted = false;
    void this.#held?.release();
    this.#held = null;
  }

  #take(): void {
    const { wakeLock } = (globalThis.navigator ?? {}) as { wakeLock?: WakeLock };
    if (!this.#wanted || wakeLock === undefined || document.visibilityState !== "visible" || this.#held?.released === false) {
      return;
    }
    wakeLock.request("screen").then(
      (held) => {
        if (this.#wanted && (this.#held === null || this.#held.released)) {
          this.#held = held;
        } else {
          void held.release();
        }
      },
      () => {
        // A low battery, or a page that may not: then the screen goes off as ever.
      },
    );
  }
}
