/** The progress of everything under way together. */
import type { ProgressCounts } from "./generated/ProgressCounts";
import type { Upload } from "./upload.js";

/**
 * The uploads since the client was last idle. Those that ended well count as sent, so that the total
 * never jumps back; failed and cancelled ones leave the sum.
 */
export class Batch {
  readonly #uploads = new Set<Upload>();
  /** The engine's, over all connections together. */
  rate: number | null = null;

  add(upload: Upload): void {
    if (!this.active) {
      this.#uploads.clear();
      this.rate = null;
    }
    this.#uploads.add(upload);
  }

  /** Whether anything has not ended. */
  get active(): boolean {
    for (const upload of this.#uploads) {
      if (!upload.ended) {
        return true;
      }
    }
    return false;
  }

  get uploads(): readonly Upload[] {
    return [...this.#uploads];
  }

  get progress(): ProgressCounts {
    return sumProgress(this.#uploads, this.active ? this.rate : null);
  }
}

/** `rate` is the engine's; `stored`: bytes of files that are stored, and not among the uploads any more. */
export function sumProgress(uploads: Iterable<Upload>, rate: number | null, stored = 0): ProgressCounts {
  let confirmed = stored;
  let sent = stored;
  let total = stored;
  for (const { state, progress } of uploads) {
    if (state !== "failed" && state !== "cancelled") {
      confirmed += progress.confirmed_bytes;
      sent += progress.sent_bytes;
      total += progress.total_bytes;
    }
  }
  const left = Math.max(0, total - sent);
  return {
    confirmed_bytes: confirmed,
    sent_bytes: sent,
    total_bytes: total,
    rate_bytes_per_s: rate,
    remaining_ms: rate !== null && rate > 0 ? (left / rate) * 1000 : null,
  };
}
