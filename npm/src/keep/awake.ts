/** Keeps the screen on while something is sent: a phone that locks itself stops sending. */

export class Awake {
  #wanted = false;
  #held: WakeLockSentinel | null = null;
  readonly #watching = new AbortController();

  constructor() {
    // A page that is hidden loses the lock; it is taken again when it is seen.
    globalThis.document?.addEventListener("visibilitychange", () => this.#take(), { signal: this.#watching.signal });
  }

  want(wanted: boolean): void {
    this.#wanted = wanted;
    if (wanted) {
      this.#take();
    } else {
      void this.#held?.release();
      this.#held = null;
    }
  }

  close(): void {
    this.want(false);
    this.#watching.abort();
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
