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
      this.#start(navigator.serviceWorker).catch((thrown: unknown) => {
        this.#starting = false;
        this.#warn(String(thrown));
      });
    }
  }

  close(): void {
    this.#leaving.abort();
  }

  /** What stands in the way as long as this page is open is said once, and not tried again. */
  async #start(container: ServiceWorkerContainer): Promise<void> {
    const url = new URL(this.#url, document.baseURI);
    const scope = new URL("./", url).href;
    const there = await container.getRegistration(scope);
    if (there?.scope === scope && !runs(there, url)) {
      // Registering ours would replace it: the app's offline pages and notifications would be gone.
      this.#warn(`${scope} has another one. Call drainInBackground in that one, and name it instead`);
      return;
    }
    await container.register(trusted(url), { type: "module" });
    const own = await container.getRegistration(location.href);
    if (own === undefined || !runs(own, url)) {
      // `ready` would never come, or be another worker, which does not know what it is called for.
      this.#warn("this page is not in its scope. Serve it from the folder of the page, or one above");
      return;
    }
    this.#registration = await container.ready;
    this.#askForSync();
    // The one asked for before may have run its course while this page was open.
    addEventListener("pagehide", () => this.#askForSync(), { signal: this.#leaving.signal });
  }

  #warn(why: string): void {
    console.warn(`windlass: the service worker ${this.#url} cannot be used: ${why}`);
  }

  #askForSync(): void {
    this.#registration?.sync?.register(SYNC_TAG).catch(() => {
      // Not allowed here: the queue goes on with the next page.
    });
  }
}

/** Whether this script is what runs there, or is about to, in whatever version its address asks for. */
function runs({ installing, waiting, active }: ServiceWorkerRegistration, url: URL): boolean {
  const newest = installing ?? waiting ?? active;
  return newest === null || new URL(newest.scriptURL).pathname === url.pathname;
}
