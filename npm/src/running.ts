/** An upload that has not ended, as the client knows it. */
import { WindlassError } from "./errors.js";
import { isSameFile } from "./files.js";
import type { ScreenNeed } from "./keep/awake.js";
import { randomName } from "./random-name.js";
import type { Upload, UploadState } from "./upload.js";

export interface Running {
  upload: Upload;
  preparing: AbortController;
  paused: boolean;
  /** Whether what reads it is waited for, for want of a network. */
  waits: boolean;
  /** Whether it is prepared, or was, and its smaller pictures are in memory. */
  isAhead: boolean;
  /** Whether the engine has it. */
  submitted: boolean;
  /** Whether an earlier page may have sent some of it. */
  resumed: boolean;
  /** Of what an earlier page has left: how many pages in a row ended while they made its smaller pictures. */
  interrupted: number | null;
}

export interface HowBegun {
  paused: boolean;
  resumed: boolean;
  /** Whether it is sent even if these bytes were sent before. */
  again: boolean;
  interrupted?: number;
}

export function begun(upload: Upload, { paused, resumed, again, interrupted }: HowBegun): Running {
  upload.isWantedAgain = again;
  return { upload, paused, resumed, interrupted: interrupted ?? null, preparing: new AbortController(), isAhead: false, submitted: false, waits: false };
}

/** How one that has ended is sent once more. Throws where this page has not its bytes. */
export function onceMore(upload: Upload): Omit<HowBegun, "paused"> & { clientRef: string } {
  if (!upload.isReadable) {
    throw new WindlassError("file_gone", "Another tab has this file: try again there.", { file: upload.filename });
  }
  // What is kept of it lies under its name. Where the service refused for good, the engine takes another one there.
  const resumed = upload.state === "failed";
  return { clientRef: resumed ? upload.clientRef : randomName(), resumed, again: upload.alreadyStored || upload.isWantedAgain };
}

/** The same file chosen twice, by what the browser tells of it; the engine knows photos by their bytes. */
export function underWay(all: Iterable<Running>, file: Blob): Upload | undefined {
  for (const { upload } of all) {
    if (isSameFile(upload.file, file)) {
      return upload;
    }
  }
  return undefined;
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
 * queued, or waits for its turn to be prepared, needs what those before it need.
 */
export function screenNeed(all: Iterable<Running>): ScreenNeed {
  let [isWaiting, isQueued] = [false, false];
  for (const { isAhead, paused, upload } of all) {
    if (paused) {
      continue;
    }
    switch (upload.state) {
      case "preparing":
        if (isAhead) {
          return "moving";
        }
        isQueued = true;
        break;
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
