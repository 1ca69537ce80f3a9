/**
 * Asks the browser to let the service worker finish the queue when no page is left: Background Sync, which
 * Chromium has. Elsewhere the queue goes on with the next page.
 */

import { trusted } from "../workers/trusted.js";

/** What the browser hands to the service worker. */
export const SYNC_TAG = "windlass-queue";

/** https://wicg.github.io/background-sync/spec/, which the DOM library's types do not have. */
interface SyncRegistration extends ServiceWorkerRegistration {
  readonly sync?: { register(tag: string): Promise<void> };
}

export class Background {
  readonly #url: string;
  readonly #leaving = new AbortController();
  #registration: SyncRegistration | null = null;
  #starting = false;

  constructor(url: string) {
    this.#url = url;
  }

  /** Something is kept that a page may leave behind. */
  wanted(): void {
    if (this.#registration !== null) {
      this.#askForSync();
    } else if (!this.#starting && "SyncManager" in globalThis && navigator.serviceWorker !== undefined) {
      this.#starting = true;
      // An address that is none is only a warning, too: what this page sends does not depend on it.
      Promise.resolve()
        .then(() => navigator.serviceWorker.register(trusted(new URL(this.#url, document.baseURI)), { type: "module" }))
        .then(() => navigator.serviceWorker.ready)
        .then((registration) => {
          this.#registration = registration;
          this.#askForSync();
          // The one asked for before may have run its course while this page was open.
          addEventListener("pagehide", () => this.#askForSync(), { signal: this.#leaving.signal });
        })
        .catch((thrown: unknown) => {
          this.#starting = false;
          console.warn(`windlass: the service worker ${this.#url} cannot be used: ${String(thrown)}`);
        });
    }
  }

  close(): void {
    this.#leaving.abort();
  }

  #askForSync(): void {
    this.#registration?.sync?.register(SYNC_TAG).catch(() => {
      // Not allowed here: the queue goes on with the next page.
    });
  }
}
