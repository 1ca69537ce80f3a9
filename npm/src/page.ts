/** What the client wants of the page it runs in. Without a page, as in a test, it does without. */

/** Asks before the page is left while bytes would be lost, and only then: pages that ask always are not cached. */
export class LeaveGuard {
  #held = 0;
  readonly #ask = (event: BeforeUnloadEvent): void => {
    event.preventDefault();
    // Deprecated, and all that Chromium looks at before 119.
    event.returnValue = "?";
  };

  hold(): void {
    this.#held += 1;
    if (this.#held === 1) {
      globalThis.addEventListener?.("beforeunload", this.#ask);
    }
  }

  release(): void {
    this.#held -= 1;
    if (this.#held === 0) {
      globalThis.removeEventListener?.("beforeunload", this.#ask);
    }
  }
}

/**
 * Passes on what the browser believes about the network: a hint, for it is often wrong. A page that is seen
 * again, or comes back out of the browser's cache of pages, is a reason to try again at once too.
 */
export function watchNetwork(tell: (online: boolean) => void): () => void {
  const watching = new AbortController();
  const { signal } = watching;
  const again = (): void => {
    if (globalThis.document?.visibilityState !== "hidden" && globalThis.navigator?.onLine !== false) {
      tell(true);
    }
  };
  globalThis.document?.addEventListener?.("visibilitychange", again, { signal });
  globalThis.addEventListener?.("pageshow", (event) => (event as PageTransitionEvent).persisted && again(), { signal });
  globalThis.addEventListener?.("online", () => tell(true), { signal });
  globalThis.addEventListener?.("offline", () => tell(false), { signal });
  if (globalThis.navigator?.onLine === false) {
    tell(false);
  }
  return () => watching.abort();
}
