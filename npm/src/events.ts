/** The events of a client. They are `Event`s, so `addEventListener` takes a signal, `once` and so on. */
import type { WindlassError } from "./errors.js";
import type { NotKeptCode } from "./keep/messages.js";
import type { Photo } from "./generated/Photo";
import type { ProgressCounts } from "./generated/ProgressCounts";
import type { Upload, UploadState } from "./upload.js";

/** Bytes moved. */
export class UploadProgressEvent extends Event {
  constructor(
    readonly upload: Upload,
    /** Of this file, its smaller pictures included. */
    readonly file: ProgressCounts,
    /** Of everything this client was given and has not ended. */
    readonly total: ProgressCounts,
  ) {
    super("progress");
  }
}

/** An upload entered another state, or is about to be cancelled (`upload.isCancelling`). */
export class UploadStateEvent extends Event {
  constructor(
    readonly upload: Upload,
    readonly state: UploadState,
  ) {
    super("statechange");
  }
}

/** A file is stored and verified. */
export class UploadPhotoEvent extends Event {
  constructor(
    readonly upload: Upload,
    readonly photo: Photo,
  ) {
    super("photo");
  }
}

/** An upload ended without success; the others go on. */
export class UploadErrorEvent extends Event {
  constructor(
    readonly upload: Upload,
    readonly error: WindlassError,
  ) {
    super("error");
  }
}

/** What is told of where an upload stands: its state, and of one that has ended its photo or its error. */
export function eventsOf(upload: Upload): Event[] {
  const { state, photo, error } = upload;
  const events: Event[] = [new UploadStateEvent(upload, state)];
  if (state === "stored" && photo !== null) {
    events.push(new UploadPhotoEvent(upload, photo));
  } else if (state === "failed" && error !== null) {
    events.push(new UploadErrorEvent(upload, error));
  }
  return events;
}

/** An upload that nobody added here: an earlier page left it, or another tab sends it (`upload.origin`). */
export class UploadAddedEvent extends Event {
  constructor(readonly upload: Upload) {
    super("added");
  }
}

/** What earlier pages have left was found, and goes on. */
export class UploadsRestoredEvent extends Event {
  constructor(
    /** These go on by themselves. */
    readonly uploads: readonly Upload[],
    /** Files whose bytes this browser could not keep: chosen again, they go on where they were. */
    readonly missing: readonly MissingFile[],
  ) {
    super("restored");
  }
}

/** A file that has to be chosen again. */
export interface MissingFile {
  filename: string;
  /** In bytes. */
  size: number;
}

/** Something is amiss that stops no upload. */
export class UploadWarningEvent extends Event {
  constructor(
    readonly upload: Upload,
    /** All say: keep this page open until the file is stored. Only `storage_full` is told of each file. */
    readonly code: NotKeptCode,
  ) {
    super("warning");
  }
}

/** Whatever `warning` said was not kept is kept by now, or has ended: the page may be left. */
export class UploadsKeptEvent extends Event {
  constructor() {
    super("kept");
  }
}

export interface WindlassEventMap {
  added: UploadAddedEvent;
  restored: UploadsRestoredEvent;
  warning: UploadWarningEvent;
  kept: UploadsKeptEvent;
  progress: UploadProgressEvent;
  statechange: UploadStateEvent;
  photo: UploadPhotoEvent;
  error: UploadErrorEvent;
}

export type Listener<E extends Event> = ((event: E) => void) | { handleEvent(event: E): void };

/** An `EventTarget` that knows what its events carry. */
export interface TypedEventTarget<Events extends { [name in keyof Events]: Event }> extends EventTarget {
  addEventListener<Name extends keyof Events & string>(
    type: Name,
    listener: Listener<Events[Name]> | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Name extends keyof Events & string>(
    type: Name,
    listener: Listener<Events[Name]> | null,
    options?: boolean | EventListenerOptions,
  ): void;
}

export const TypedEventTarget = EventTarget as {
  new <Events extends { [name in keyof Events]: Event }>(): TypedEventTarget<Events>;
};
