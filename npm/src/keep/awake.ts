/** Keeps the screen on while something is sent: a phone that locks itself stops sending. */

/**
 * What is sent wants the screen on. What waits for a signal wants it for a while: somebody may be on the way to where
 * there is one, or may have put the phone down for the day.
 */
export type ScreenNeed = "none" | "waiting" | "moving";

/**
 * So long the screen is kept on for nothing but the wait for a signal. Attempts in between do not begin it anew: on a
 * line that takes bytes and lets none through each of them looks as if something moved.
 */
export const WAITING_MS = 2 * 60_000;

export class Awake {
  #need: ScreenNeed = "none";
  #wanted = false;
  #held: WakeLockSentinel | null = null;
  /** How many questions for it are under way. */
  #asked = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;
  /** What is left of it, and since when it runs. */
  #patienceMs = WAITING_MS;
  #waitsSince: number | null = null;
  readonly #watching = new AbortController();

  constructor() {
    // A page that is hidden loses the lock; it is taken again when it is seen.
    globalThis.document?.addEventListener("visibilitychange", () => this.#take(), { signal: this.#watching.signal });
  }

  /** `cameFurther`: something has arrived, an upload has ended, or a person has done something. */
  want(need: ScreenNeed, cameFurther = false): void {
    if (need === this.#need && !cameFurther) {
      return;
    }
    this.#need = need;
    this.#stopWaiting();
    if (need === "none" || cameFurther) {
      this.#patienceMs = WAITING_MS;
    }
    if (need === "none" || this.#patienceMs <= 0) {
      this.#letGo();
      return;
    }
    if (need === "waiting") {
      this.#waitsSince = performance.now();
      this.#patience = setTimeout(() => {
        this.#stopWaiting();
        this.#patienceMs = 0;
        this.#letGo();
      }, this.#patienceMs);
    }
    this.#wanted = true;
    // Of forty photos chosen at once each wants it.
    if (this.#asked === 0) {
      this.#take();
    }
  }

  close(): void {
    this.want("none");
    this.#watching.abort();
  }

  #stopWaiting(): void {
    clearTimeout(this.#patience);
    if (this.#waitsSince !== null) {
      this.#patienceMs -= performance.now() - this.#waitsSince;
      this.#waitsSince = null;
    }
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
    this.#asked += 1;
    const request = wakeLock.request("screen").finally(() => (this.#asked -= 1));
    request.then(
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
