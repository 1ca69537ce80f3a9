/**
 * The signals by which a page cancels uploads. They stay with a file that is tried again, and hold nothing of what is
 * over: a page may keep one signal for as long as it is open.
 */
import type { Upload } from "./upload.js";

export class CancelSignals {
  readonly #given = new WeakMap<Upload, Set<AbortSignal>>();
  readonly #listening = new Map<Upload, AbortController>();

  /** Aborting `signal` cancels it from now on. */
  give(upload: Upload, signal: AbortSignal): void {
    const given = this.#given.get(upload) ?? new Set();
    if (given.has(signal)) {
      return;
    }
    this.#given.set(upload, given.add(signal));
    const listening = this.#listening.get(upload) ?? new AbortController();
    this.#listening.set(upload, listening);
    signal.addEventListener("abort", () => upload.cancel(), { signal: listening.signal });
  }

  /** Those of the one cancel the other instead. What was asked for after an abort is not cancelled by it. */
  handOn(upload: Upload, retry: Upload): void {
    this.release(upload);
    this.#given.get(upload)?.forEach((signal) => this.give(retry, signal));
  }

  /** There is nothing left to cancel. */
  release(upload: Upload): void {
    this.#listening.get(upload)?.abort();
    this.#listening.delete(upload);
  }

  close(): void {
    this.#listening.forEach((listening) => listening.abort());
    this.#listening.clear();
  }
}
