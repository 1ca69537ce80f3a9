/** The client: takes files, sends them through the workers, tells how it goes, lists what is there. */
import { Photos } from "./api.js";
import { Batch } from "./batch.js";
import { cancelled, fromPlainError, toWindlassError, WindlassError } from "./errors.js";
import {
  TypedEventTarget,
  UploadErrorEvent,
  UploadPhotoEvent,
  UploadProgressEvent,
  UploadStateEvent,
  type WindlassEventMap,
} from "./events.js";
import { flattenFiles, type FileSource } from "./files.js";
import type { ProgressCounts } from "./generated/ProgressCounts";
import type { UploadEvent } from "./generated/UploadEvent";
import { absoluteEndpoint, checkOptions, defaultImageWorkers, type WindlassOptions } from "./options.js";
import { DEFAULT_VARIANTS, prepareFile } from "./prepare.js";
import { TokenSource } from "./token.js";
import { Upload, type UploadState } from "./upload.js";
import { LeaveGuard, watchNetwork } from "./page.js";
import { compileModule, compilePhotoModule } from "./wasm/photo.js";
import { compileUploadModule } from "./wasm/upload.js";
import { WorkerPool } from "./workers/bridge.js";
import type { ImageReply, ImageRequest } from "./workers/messages.js";
import { startImageWorker, startUploadWorker } from "./workers/start.js";
import { UploadLink } from "./workers/upload-link.js";

export interface AddManyOptions {
  /** Aborting it cancels the upload. */
  signal?: AbortSignal;
}

export interface AddOptions extends AddManyOptions {
  /** Your own idempotency key: the same one for the same file gives the same upload. */
  clientRef?: string;
  /** For a `Blob` without a name. */
  filename?: string;
}

interface Running {
  upload: Upload;
  preparing: AbortController;
  paused: boolean;
  /** Whether the engine has it. */
  submitted: boolean;
}

const IMAGE_WORKER_IDLE_MS = 20_000;

export class Windlass extends TypedEventTarget<WindlassEventMap> {
  readonly endpoint: string;
  readonly project: string;
  /** The photos that are already there. */
  readonly photos: Photos;

  readonly #options: WindlassOptions;
  readonly #images: WorkerPool<ImageRequest, ImageReply>;
  readonly #link: UploadLink;
  readonly #running = new Map<string, Running>();
  readonly #batch = new Batch();
  readonly #leaving = new LeaveGuard();
  readonly #unwatch: () => void;
  #rate: number | null = null;
  #closed = false;

  constructor(options: WindlassOptions) {
    super();
    checkOptions(options);
    this.#options = options;
    this.endpoint = absoluteEndpoint(options.endpoint);
    this.project = options.project;
    const tokens = new TokenSource(options.token);
    this.photos = new Photos(this.endpoint, this.project, tokens);
    this.#images = new WorkerPool(
      async () => {
        const module = await compilePhotoModule();
        const worker = startImageWorker();
        worker.postMessage({ kind: "start", module, config: null });
        return worker;
      },
      { size: options.imageWorkers ?? defaultImageWorkers(), idleMs: IMAGE_WORKER_IDLE_MS },
    );
    this.#link = new UploadLink({
      startWorker: startUploadWorker,
      compile: compileUploadModule,
      config: {
        endpoint: this.endpoint,
        project: this.project,
        ...(options.maxConnections === undefined ? {} : { max_connections: options.maxConnections }),
      },
      tokens,
      onEvent: (event) => this.#follow(event),
      onFailed: (clientRef, error) => this.#fail(clientRef, error),
    });
    this.#unwatch = watchNetwork((online) => this.#link.setOnline(online));
  }

  /** Sends one file, or several. A file that is still under way is not sent a second time. */
  add(file: Blob, options?: AddOptions): Upload;
  add(files: Exclude<FileSource, Blob>, options?: AddManyOptions): Upload[];
  add(source: FileSource, options: AddOptions = {}): Upload | Upload[] {
    if (this.#closed) {
      throw closedError();
    }
    return source instanceof Blob
      ? this.#addOne(source, options)
      : flattenFiles(source).map((file) => this.#addOne(file, { ...(options.signal && { signal: options.signal }) }));
  }

  /** The uploads since nothing was under way. */
  get uploads(): readonly Upload[] {
    return this.#batch.uploads;
  }

  /** Of all of them together. */
  get progress(): ProgressCounts {
    return this.#batch.progress(this.#rate);
  }

  pause(): void {
    for (const { upload } of this.#running.values()) {
      upload.pause();
    }
  }

  resume(): void {
    for (const { upload } of this.#running.values()) {
      upload.resume();
    }
  }

  /** Stops everything at once. What was stored of unfinished files is removed by the service in time. */
  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#unwatch();
    this.#images.close(closedError());
    this.#link.close();
    for (const clientRef of [...this.#running.keys()]) {
      this.#fail(clientRef, closedError());
    }
    for (const upload of this.#batch.uploads) {
      upload.releasePreview();
    }
  }

  #addOne(file: Blob, { signal, clientRef, filename }: AddOptions): Upload {
    const twin = clientRef === undefined ? this.#underWay(file) : this.#running.get(clientRef)?.upload;
    const upload = twin ?? this.#begin(file, filename ?? nameOf(file), clientRef ?? newClientRef());
    if (signal?.aborted) {
      upload.cancel();
    } else {
      signal?.addEventListener("abort", () => upload.cancel(), { once: true });
    }
    return upload;
  }

  /** The same photo chosen twice, by what the browser tells of it. */
  #underWay(file: Blob): Upload | undefined {
    if (!(file instanceof File)) {
      return undefined;
    }
    return [...this.#running.values()].find(
      ({ upload: { file: other } }) =>
        other instanceof File &&
        other.name === file.name &&
        other.size === file.size &&
        other.lastModified === file.lastModified,
    )?.upload;
  }

  #begin(file: Blob, filename: string, clientRef: string): Upload {
    const upload = new Upload(
      {
        pause: (which) => this.#setPaused(which, true),
        resume: (which) => this.#setPaused(which, false),
        cancel: (which) => this.#cancel(which),
        retry: (which) => this.#retry(which),
      },
      clientRef,
      file,
      filename,
    );
    const running: Running = { upload, preparing: new AbortController(), paused: false, submitted: false };
    this.#running.set(clientRef, running);
    this.#batch.add(upload);
    this.#leaving.hold();
    void this.#prepare(running);
    return upload;
  }

  async #prepare(running: Running): Promise<void> {
    const { upload, preparing } = running;
    const { variants = DEFAULT_VARIANTS, metadata = "keep", format = "jpeg" } = this.#options;
    try {
      const { preview, warnings, ...description } = await prepareFile(this.#images, upload.file, upload.filename, {
        variants,
        metadata,
        format,
        signal: preparing.signal,
        module: compileModule,
      });
      if (upload.ended) {
        return;
      }
      upload.setPrepared(description.metadata ?? null, warnings, preview);
      running.submitted = true;
      this.#link.add(upload.clientRef, upload.file, description);
      if (running.paused) {
        this.#link.pause(upload.clientRef);
      } else {
        this.#setState(upload, "queued");
      }
    } catch (thrown) {
      this.#fail(upload.clientRef, toWindlassError(thrown, upload.filename));
    }
  }

  #follow(event: UploadEvent): void {
    const running = this.#running.get(event.client_ref);
    if (running === undefined) {
      return;
    }
    const { upload, paused } = running;
    switch (event.type) {
      case "phase":
        // What the engine said before it heard of the pause is out of date.
        if (!paused || event.phase === "paused") {
          this.#setState(upload, event.phase, event.reason);
        }
        return;
      case "progress":
        upload.setProgress(event.file);
        this.#rate = event.total.rate_bytes_per_s;
        this.dispatchEvent(new UploadProgressEvent(upload, event.file, this.progress));
        return;
      case "stored":
        this.#end(upload);
        upload.succeed(event.photo);
        this.dispatchEvent(new UploadStateEvent(upload, "stored"));
        this.dispatchEvent(new UploadPhotoEvent(upload, event.photo));
        return;
      case "failed": {
        const { code, message, retryable, request_id: requestId } = event.error;
        this.#fail(event.client_ref, fromPlainError({ code, message, retryable, requestId: requestId ?? undefined }));
        return;
      }
      case "cancelled":
        this.#fail(event.client_ref, cancelled(upload.filename));
    }
  }

  #setState(upload: Upload, state: UploadState, reason: string | null = null): void {
    if (upload.state !== state || upload.reason !== reason) {
      upload.setState(state, reason);
      this.dispatchEvent(new UploadStateEvent(upload, state));
    }
  }

  #setPaused(upload: Upload, paused: boolean): void {
    const running = this.#running.get(upload.clientRef);
    if (running?.upload !== upload || running.paused === paused) {
      return;
    }
    running.paused = paused;
    if (running.submitted) {
      if (paused) {
        this.#link.pause(upload.clientRef);
      } else {
        this.#link.resume(upload.clientRef);
      }
    }
    this.#setState(upload, paused ? "paused" : running.submitted ? "queued" : "preparing");
  }

  #cancel(upload: Upload): void {
    const running = this.#running.get(upload.clientRef);
    if (running?.upload !== upload) {
      return;
    }
    this.#link.cancel(upload.clientRef);
    this.#fail(upload.clientRef, cancelled(upload.filename));
    running.preparing.abort();
  }

  #retry(upload: Upload): Upload {
    if (this.#closed) {
      throw closedError();
    }
    if (!upload.ended) {
      return upload;
    }
    // Where the service refused for good, only a new reference can have another outcome.
    const sameRef = upload.state === "failed" && upload.error?.retryable === true;
    return this.#begin(upload.file, upload.filename, sameRef ? upload.clientRef : newClientRef());
  }

  #fail(clientRef: string, error: WindlassError): void {
    const upload = this.#running.get(clientRef)?.upload;
    if (upload === undefined) {
      return;
    }
    this.#end(upload);
    upload.fail(error.file === upload.filename ? error : withFile(error, upload.filename));
    this.dispatchEvent(new UploadStateEvent(upload, upload.state));
    if (upload.state === "failed" && upload.error !== null) {
      this.dispatchEvent(new UploadErrorEvent(upload, upload.error));
    }
  }

  #end(upload: Upload): void {
    this.#running.delete(upload.clientRef);
    this.#leaving.release();
    if (this.#running.size === 0) {
      this.#rate = null;
    }
  }
}

function withFile(error: WindlassError, file: string): WindlassError {
  const { code, message, retryable, requestId, cause } = error;
  return new WindlassError(code, message, { retryable, requestId, file, cause });
}

function closedError(): WindlassError {
  return new WindlassError("closed", "This Windlass client was closed. Make a new one to send files.");
}

function nameOf(file: Blob): string {
  return file instanceof File && file.name !== "" ? file.name : "file";
}

/** Not `randomUUID`: that is missing on plain-http pages of a local network. */
function newClientRef(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
