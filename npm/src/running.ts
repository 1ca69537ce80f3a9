/** An upload that has not ended, as the client knows it. */
import type { Upload } from "./upload.js";

export interface Running {
  upload: Upload;
  preparing: AbortController;
  paused: boolean;
  /** Whether the engine has it. */
  submitted: boolean;
  /** Whether an earlier page may have sent some of it. */
  resumed: boolean;
  /** Whether it is sent even if these bytes were sent before. */
  again: boolean;
}

/** What waits for a person, or for a place with Wi-Fi, needs no screen. */
export function isBusy({ paused, upload }: Running): boolean {
  return !paused && upload.state !== "waiting_for_wifi";
}
