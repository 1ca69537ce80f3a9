/** Keeps `<windlass-gallery>` up to date: gathers what happens within a moment, so that a batch is one look. */
import { Again } from "../again.js";
import type { Photos } from "../api.js";
import { LivePhotos, type LiveState } from "../live.js";

/** How long to gather. */
const GATHER_MS = 150;
/** Stands among ids of photos for all there are. */
export const ANY_PHOTO = "";

export interface LiveTarget {
  /** These photos are new or changed; ids, `ANY_PHOTO` perhaps among them. Resolves to those that could not be had. */
  changed(photoIds: readonly string[]): Promise<readonly string[]>;
  /** This one is gone. */
  gone(photoId: string): void;
  state(state: LiveState): void;
}

export class GalleryLive {
  readonly #live: LivePhotos;
  readonly #target: LiveTarget;
  readonly #waiting = new Set<string>();
  readonly #leaving = new AbortController();
  /** An event is told once: what could not be had then is asked for again. */
  readonly #again = new Again(() => void this.#take());
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(photos: Photos, target: LiveTarget) {
    this.#target = target;
    this.#live = new LivePhotos(photos, {
      happened: (kind, { photo_id }) => {
        if (kind === "photo.deleted" || kind === "photo.withdrawn") {
          this.#waiting.delete(photo_id);
          target.gone(photo_id);
        } else {
          this.#gather(photo_id);
        }
      },
      look: () => this.#gather(ANY_PHOTO),
      changed: (state) => target.state(state),
    });
  }

  get state(): LiveState {
    return this.#live.state;
  }

  start(after: number): void {
    const { signal } = this.#leaving;
    this.#live.start(after);
    if (document.hidden) {
      // A tab in the background: it goes on from there when it is seen.
      this.#live.stop();
    }
    document.addEventListener("visibilitychange", () => this.#seenOrHidden(), { signal });
    globalThis.addEventListener?.("online", () => this.#online(), { signal });
  }

  /** For good. */
  close(): void {
    this.#leaving.abort();
    clearTimeout(this.#timer);
    this.#again.stop();
    this.#live.stop();
  }

  /** A browser gives a page few connections: one that nobody looks at gives its own back, and asks for nothing. */
  #seenOrHidden(): void {
    if (document.hidden) {
      this.#again.stop();
      this.#live.stop();
    } else {
      void this.#take();
      this.#live.resume();
    }
  }

  #online(): void {
    this.#again.wake();
    if (!document.hidden) {
      this.#live.resume();
    }
  }

  #gather(photoId: string): void {
    this.#waiting.add(photoId);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#take();
    }, GATHER_MS);
  }

  async #take(): Promise<void> {
    const photoIds = [...this.#waiting];
    this.#waiting.clear();
    const missed = photoIds.length === 0 ? [] : await this.#target.changed(photoIds);
    if (this.#leaving.signal.aborted) {
      return;
    }
    for (const photoId of missed) {
      this.#waiting.add(photoId);
    }
    if (missed.length > 0 && !document.hidden) {
      this.#again.later();
    } else if (this.#waiting.size === 0) {
      this.#again.stop();
    }
  }
}
