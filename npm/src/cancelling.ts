/**
 * Uploads that were cancelled while the engine had them, until it says how they ended: what the service was just making
 * a photo of is stored, whatever the user wanted, and must not be called cancelled. Others may run under their names.
 */
import { cancelled } from "./errors.js";
import type { UploadEvent } from "./generated/UploadEvent";
import type { Upload } from "./upload.js";

export class Cancelling {
  readonly #uploads = new Map<string, Upload>();
  readonly #onEnded: (upload: Upload) => void;

  constructor(onEnded: (upload: Upload) => void) {
    this.#onEnded = onEnded;
  }

  begin(upload: Upload): void {
    this.#uploads.set(upload.clientRef, upload);
    upload.setCancelling(true);
  }

  /** Whether the event is about one of these. */
  follow(event: UploadEvent): boolean {
    const upload = this.#uploads.get(event.client_ref);
    if (upload === undefined || event.type === "phase" || event.type === "progress") {
      return upload !== undefined;
    }
    this.#uploads.delete(event.client_ref);
    if (event.type === "stored") {
      upload.succeed(event.photo, { sameAs: event.same_as, alreadyStored: event.already_stored });
    } else {
      upload.fail(cancelled(upload.filename));
    }
    this.#onEnded(upload);
    return true;
  }
}
