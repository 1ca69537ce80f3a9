/** One file on its way, as the application sees it. */
import type { WindlassError } from "./errors.js";
import type { MetadataWarning } from "./generated/MetadataWarning";
import type { Photo } from "./generated/Photo";
import type { PhotoMetadata } from "./generated/PhotoMetadata";
import type { ProgressCounts } from "./generated/ProgressCounts";
import type { UploadPhase } from "./generated/UploadPhase";
import type { MadePictures } from "./prepare.js";

/** `stored`, `failed` and `cancelled` are final. */
export type UploadState = "preparing" | UploadPhase | "stored" | "failed" | "cancelled";

/** What an upload asks of its client. */
export interface UploadCommands {
  pause(upload: Upload): void;
  resume(upload: Upload): void;
  cancel(upload: Upload): void;
  retry(upload: Upload): Upload;
}

/** What is known of a file once it was read. */
interface Preparation {
  metadata?: PhotoMetadata;
  warnings: readonly MetadataWarning[];
  preview: Blob | null;
  made: MadePictures | null;
}
/**
 * Where an upload came from: `add` in this page; a page before this one, which was left or died; another
 * tab, which sends it while it is shown here too.
 */
export type UploadOrigin = "here" | "before" | "elsewhere";

export class Upload {
  /** The idempotency key under which the service knows the file. */
  readonly clientRef: string;
  readonly filename: string;
  /** Size in bytes. */
  readonly size: number;
  /** What the browser takes its type for. */
  readonly type: string;
  /**
   * Resolves when the bytes are stored and verified; rejects with a `WindlassError`. Nobody has to
   * listen: errors are also events of the client.
   */
  readonly done: Promise<Photo>;
  /** @internal Whether it is sent even if these very bytes were stored before, also when it is tried once more. */
  isWantedAgain = false;
  /** @internal The upload that tries it once more. */
  retried: Upload | null = null;

  #file: Blob;
  #origin: UploadOrigin;
  #state: UploadState = "preparing";
  #reason: string | null = null;
  #progress: ProgressCounts;
  #preview: string | null = null;
  #withPreview: Set<Upload> | null = null;
  #metadata: PhotoMetadata | null = null;
  #warnings: readonly MetadataWarning[] = [];
  #made: MadePictures | null = null;
  #photo: Photo | null = null;
  #sameAs: string | null = null;
  #alreadyStored = false;
  #error: WindlassError | null = null;
  #isCancelling = false;
  readonly #commands: UploadCommands;
  #settle!: { resolve: (photo: Photo) => void; reject: (error: WindlassError) => void };

  /** Made by `Windlass.add`. */
  constructor(
    commands: UploadCommands,
    clientRef: string,
    file: Blob,
    filename: string,
    { origin = "here", size = file.size }: { origin?: UploadOrigin; size?: number } = {},
  ) {
    this.#commands = commands;
    this.clientRef = clientRef;
    this.filename = filename;
    this.size = size;
    this.type = file.type;
    this.#file = file;
    this.#origin = origin;
    this.#progress = {
      confirmed_bytes: 0,
      sent_bytes: 0,
      total_bytes: size,
      rate_bytes_per_s: null,
      remaining_ms: null,
    };
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => {
      // So that a failure nobody awaits is not also an unhandled rejection.
    });
  }

  /** Vue and Alpine put proxies around what they take for a plain object, and the private fields cannot be read through one. */
  get [Symbol.toStringTag](): string {
    return "Upload";
  }

  /** The file; empty of an upload that another tab sends. */
  get file(): Blob {
    return this.#file;
  }

  /** Whether its bytes can be read in this page: another tab's cannot. */
  get isReadable(): boolean {
    return this.#file.size === this.size;
  }

  get origin(): UploadOrigin {
    return this.#origin;
  }

  get state(): UploadState {
    return this.#state;
  }

  /** While `retrying`: what went wrong last, in a sentence. */
  get reason(): string | null {
    return this.#reason;
  }

  /** @internal The last of the tries that began with this one. */
  get latest(): Upload {
    return this.retried?.latest ?? this;
  }

  /**
   * Whether it was cancelled, and the service has not said yet whether that was in time: where it was just making the
   * photo, it is asked for up to 5 s. The end is `cancelled`, or `stored` all the same.
   */
  get isCancelling(): boolean {
    return this.#isCancelling && !this.ended;
  }

  /** Whether nothing more will happen. */
  get ended(): boolean {
    return this.#state === "stored" || this.#state === "failed" || this.#state === "cancelled";
  }

  get progress(): ProgressCounts {
    return this.#progress;
  }

  /** An object URL of the thumbnail, once there is one; valid until `releasePreview`. */
  get preview(): string | null {
    return this.#preview;
  }

  /** What the camera knew, once it was read. */
  get metadata(): PhotoMetadata | null {
    return this.#metadata;
  }

  /** What was odd about the file. It is sent all the same, unchanged. */
  get warnings(): readonly MetadataWarning[] {
    return this.#warnings;
  }

  /** The smaller pictures that were made of it; `null` before that, and where none could be made. */
  get made(): MadePictures | null {
    return this.#made;
  }

  /** What it became. */
  get photo(): Photo | null {
    return this.#photo;
  }

  /**
   * Whether nothing was sent because these very bytes were stored already: by this client (`sameAs`), or by the same
   * person in this project before, from whatever page or device. `photo` is what is there; `retry()` sends it again
   * all the same.
   */
  get alreadyStored(): boolean {
    return this.#alreadyStored;
  }

  /** Where this client has sent these very bytes before: the `clientRef` of the upload that sent them. */
  get sameAs(): string | null {
    return this.#sameAs;
  }

  get error(): WindlassError | null {
    return this.#error;
  }

  pause(): void {
    this.#commands.pause(this);
  }

  resume(): void {
    this.#commands.resume(this);
  }

  /**
   * Gives the upload up and removes what was stored of it, and of a failed one what this browser keeps. One that is
   * tried again is left alone: its retry is cancelled by itself, or by the signal that came with the file.
   * What the service is just making a photo of may be stored all the same (`isCancelling`).
   */
  cancel(): void {
    this.#commands.cancel(this);
  }

  /**
   * Sends a failed or cancelled file again, as a new upload; or one after all that was stored already. Asked once more
   * it answers the same upload, until that has failed or was cancelled, too. Throws where another tab has the file
   * (`isReadable`): it can be tried again there.
   */
  retry(): Upload {
    return this.#commands.retry(this);
  }

  /** Frees the thumbnail's memory. Called for you when the client is closed. */
  releasePreview(): void {
    if (this.#preview !== null) {
      URL.revokeObjectURL(this.#preview);
      this.#preview = null;
      this.#withPreview?.delete(this);
    }
  }

  /** @internal */
  setState(state: UploadState, reason: string | null): void {
    this.#state = state;
    this.#reason = reason;
  }

  /** @internal Answers whether more of it has arrived than before. */
  setProgress(progress: ProgressCounts): boolean {
    const cameFurther = progress.confirmed_bytes > this.#progress.confirmed_bytes;
    this.#progress = progress;
    return cameFurther;
  }

  /** @internal */
  setCancelling(isCancelling: boolean): void {
    this.#isCancelling = isCancelling;
  }

  /** @internal */
  takeOver(file: Blob, origin: UploadOrigin = "before"): void {
    this.#file = file;
    this.#origin = origin;
  }

  /** @internal */
  warn(warning: MetadataWarning): void {
    this.#warnings = [...this.#warnings, warning];
  }

  /** @internal */
  withdraw(code: string): void {
    this.#warnings = this.#warnings.filter((warning) => warning.code !== code);
  }

  /** @internal It is among `withPreview` as long as it has one. */
  setPrepared({ metadata, warnings, preview, made }: Preparation, withPreview: Set<Upload>): void {
    this.#metadata = metadata ?? null;
    // Once more where what is kept of it goes in its file's place.
    this.#warnings = [...warnings, ...this.#warnings.filter(({ code }) => !warnings.some((given) => given.code === code))];
    this.#made = made;
    if (preview !== null) {
      this.releasePreview();
      this.#preview = URL.createObjectURL(preview);
      this.#withPreview = withPreview.add(this);
    }
  }

  /** @internal */
  succeed(photo: Photo, { sameAs = null, alreadyStored = false }: { sameAs?: string | null; alreadyStored?: boolean } = {}): void {
    this.#state = "stored";
    this.#reason = null;
    this.#photo = photo;
    this.#sameAs = sameAs;
    this.#alreadyStored = alreadyStored;
    const { total_bytes } = this.#progress;
    this.#progress = { ...this.#progress, confirmed_bytes: total_bytes, sent_bytes: total_bytes, remaining_ms: 0 };
    this.#settle.resolve(photo);
  }

  /** @internal */
  fail(error: WindlassError): void {
    this.#state = error.code === "cancelled" || error.code === "closed" ? "cancelled" : "failed";
    this.#reason = null;
    this.#error = error;
    this.#settle.reject(error);
  }
}
