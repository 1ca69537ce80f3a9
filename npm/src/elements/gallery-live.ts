/** Keeps `<windlass-gallery>` up to date: gathers what happens within a moment, so that a batch is one look. */
import type { Photos } from "../api.js";
import { LivePhotos, type LiveState } from "../live.js";

/** How long to gather. */
const GATHER_MS = 150;

export interface LiveTarget {
  /** These photos are new or changed; ids. */
  changed(photoIds: readonly string[]): void;
  /** This one is gone. */
  gone(photoId: string): void;
  /** Any photo may have changed. */
  look(): void;
  state(state: LiveState): void;
}

export class GalleryLive {
  readonly #live: LivePhotos;
  readonly #target: LiveTarget;
  readonly #waiting = new Set<string>();
  readonly #leaving = new AbortController();
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
      look: () => target.look(),
      changed: (state) => target.state(state),
    });
  }

  get state(): LiveState {
    return this.#live.state;
  }

  start(after: number): void {
    const { signal } = this.#leaving;
    this.#live.start(after);
    // A browser gives a page few connections: those that nobody looks at give theirs back.
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#live.stop() : this.#live.resume()), { signal });
    globalThis.addEventListener?.("online", () => document.hidden || this.#live.resume(), { signal });
  }

  /** For good. */
  close(): void {
    this.#leaving.abort();
    clearTimeout(this.#timer);
    this.#live.stop();
  }

  #gather(photoId: string): void {
    this.#waiting.add(photoId);
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      const photoIds = [...this.#waiting];
      this.#waiting.clear();
      if (photoIds.length > 0) {
        this.#target.changed(photoIds);
      }
    }, GATHER_MS);
  }
}
