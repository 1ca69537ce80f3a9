/** An upload that has not ended, as the client knows it. */
import type { ScreenNeed } from "./keep/awake.js";
import type { Upload, UploadState } from "./upload.js";

export interface Running {
  upload: Upload;
  preparing: AbortController;
  paused: boolean;
  /** Whether what reads it is waited for, for want of a network. */
  waits: boolean;
  /** Whether the engine has it. */
  submitted: boolean;
  /** Whether an earlier page may have sent some of it. */
  resumed: boolean;
}

export interface HowBegun {
  paused: boolean;
  resumed: boolean;
  /** Whether it is sent even if these bytes were sent before. */
  again: boolean;
}

export function begun(upload: Upload, { paused, resumed, again }: HowBegun): Running {
  upload.isWantedAgain = again;
  return { upload, paused, resumed, preparing: new AbortController(), submitted: false, waits: false };
}

/** Where it stands when it was just paused or resumed, until the engine says more. */
export function stillState({ paused, submitted, waits }: Running, engineWaits: boolean): UploadState {
  if (paused) {
    return "paused";
  }
  if (submitted ? engineWaits : waits) {
    return "waiting_for_network";
  }
  return submitted ? "queued" : "preparing";
}

/**
 * What they need of the screen, all together. What waits for a person, or for a place with Wi-Fi, needs none; what is
 * queued needs what those before it need.
 */
export function screenNeed(all: Iterable<Running>): ScreenNeed {
  let [isWaiting, isQueued] = [false, false];
  for (const { paused, upload } of all) {
    if (paused) {
      continue;
    }
    switch (upload.state) {
      case "preparing":
      case "uploading":
      case "checking":
        return "moving";
      case "retrying":
      case "waiting_for_network":
        isWaiting = true;
        break;
      case "queued":
        isQueued = true;
    }
  }
  if (isWaiting) {
    return "waiting";
  }
  return isQueued ? "moving" : "none";
}
