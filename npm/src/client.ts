/** The client: takes files, sends them through the workers, tells how it goes, lists what is there. */
import { Photos, UploadLinks } from "./api.js";
import { Batch } from "./batch.js";
import { cancelled, closedError, fromPlainError, toWindlassError, withFile, type WindlassError } from "./errors.js";
import {
  TypedEventTarget,
  UploadErrorEvent,
  UploadPhotoEvent,
  UploadProgressEvent,
  UploadStateEvent,
  type MissingFile,
  type WindlassEventMap,
} from "./events.js";
import { flattenFiles, handleOf, nameOf, type FileSource } from "./files.js";
import type { ProgressCounts } from "./generated/ProgressCounts";
import type { UploadEvent } from "./generated/UploadEvent";
import type { Restored, StorageReport } from "./keep/messages.js";
import { describeKept } from "./keep/restored.js";
import { Survival } from "./keep/survival.js";
import {
  absoluteEndpoint,
  checkOptions,
  defaultImageWorkers,
  queueConfig,
  type AddManyOptions,
  type AddOptions,
  type OriginalsPolicy,
  type WindlassOptions,
} from "./options.js";
import { Originals } from "./originals.js";
import { pictureOptions, prepareFile, type PictureOptions } from "./prepare.js";
import { randomName } from "./random-name.js";
import { begun, onceMore, screenNeed, stillState, underWay, type HowBegun, type Running } from "./running.js";
import { TokenSource } from "./token.js";
import { Upload, type UploadCommands, type UploadState } from "./upload.js";
import { watchNetwork } from "./page.js";
import { answers } from "./unreachable.js";
import { compileModule } from "./wasm/photo.js";
import { compileUploadModule, type FileDescription } from "./wasm/upload.js";
import { imageWorkers, type ImageWorkers } from "./workers/image-pool.js";
import { startUploadWorker } from "./workers/start.js";
import { UploadLink } from "./workers/upload-link.js";

export class Windlass extends TypedEventTarget<WindlassEventMap> {
  readonly endpoint: string;
  readonly project: string;
  /** The photos that are already there. */
  readonly photos: Photos;
  /** Links for customers without an account. */
  readonly uploadLinks: UploadLinks;

  readonly #pictures: PictureOptions;
  readonly #images: ImageWorkers;
  readonly #link: UploadLink;
  readonly #running = new Map<string, Running>();
  readonly #batch = new Batch();
  readonly #survival: Survival;
  readonly #originals: Originals;
  readonly #unwatch: () => void;
  #rate: number | null = null;
  #closed = false;

  constructor(options: WindlassOptions) {
    super();
    checkOptions(options);
    this.#pictures = pictureOptions(options);
    this.endpoint = absoluteEndpoint(options.endpoint);
    this.project = options.project;
    const tokens = new TokenSource(options.token, (token) => this.#survival.signedIn(token));
    this.photos = new Photos(this.endpoint, this.project, tokens);
    this.uploadLinks = new UploadLinks(this.endpoint, this.project, tokens);
    this.#images = imageWorkers(options.imageWorkers ?? defaultImageWorkers());
    this.#link = new UploadLink({
      startWorker: startUploadWorker,
      compile: compileUploadModule,
      config: queueConfig(options, this.endpoint),
      tokens,
      onEvent: (event) => this.#follow(event),
      onFailed: (clientRef, error) => this.#fail(clientRef, error),
    });
    this.#survival = new Survival({
      options,
      endpoint: this.endpoint,
      tokens,
      commands: this.#commands,
      own: () => [...this.#running.values()].map(({ upload }) => upload),
      goOn: (upload, found) => this.#goOn(upload, found),
      dispatch: (event) => this.dispatchEvent(event),
    });
    this.#originals = new Originals(options.originals ?? "at-once", (wait) => this.#link.setOriginalsWait(wait));
    this.#unwatch = watchNetwork((online) => {
      this.#link.setOnline(online);
      if (online) {
        this.#survival.wake();
      }
    });
    this.#survival.resume();
  }

  /** Sends one file, or several. A file that is still under way is not sent a second time. */
  add(file: Blob, options?: AddOptions): Upload;
  add(files: Exclude<FileSource, Blob>, options?: AddManyOptions): Upload[];
  add(source: FileSource, options: AddOptions = {}): Upload | Upload[] {
    if (this.#closed) {
      throw closedError();
    }
    if (source instanceof Blob) {
      return this.#addOne(source, options);
    }
    const { signal, again } = options;
    return flattenFiles(source).map((file) => this.#addOne(file, { ...(signal && { signal }), ...(again && { again }) }));
  }

  /** Fetches what photos need and starts the workers, for when somebody is about to choose. May be called often. */
  warmUp(): void {
    if (!this.#closed) {
      this.#images.warm();
      this.#link.warm();
    }
  }

  /** The uploads since nothing was under way. */
  get uploads(): readonly Upload[] {
    return this.#batch.uploads;
  }

  /** Of all of them together. */
  get progress(): ProgressCounts {
    return this.#batch.progress(this.#rate);
  }

  /** What other tabs send of the same queue, as far as it has not ended. */
  get elsewhere(): readonly Upload[] {
    return this.#survival.elsewhere;
  }

  /** Files that earlier pages could not keep: chosen again, they go on where they were. */
  get missing(): readonly MissingFile[] {
    return this.#survival.missing;
  }

  /** What this browser keeps of the queue, and how much room it has; `null` with `keep: false`. */
  storage(): Promise<StorageReport | null> {
    return this.#survival.report();
  }

  /** When originals go. What waits for Wi-Fi goes at once when it is set to `at-once`. */
  get originals(): OriginalsPolicy {
    return this.#originals.policy;
  }
  set originals(policy: OriginalsPolicy) {
    this.#originals.policy = policy;
    this.#survival.setOriginals(policy);
  }

  pause(): void {
    this.#running.forEach(({ upload }) => upload.pause());
  }

  resume(): void {
    this.#running.forEach(({ upload }) => upload.resume());
  }

  /**
   * Stops everything at once. What this browser keeps of unfinished files goes on with the next client; of
   * the rest, what was stored is removed by the service in time.
   */
  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    this.#unwatch();
    this.#originals.close();
    // First, so that ending the uploads here does not make it forget them.
    this.#survival.close();
    this.#images.close(closedError());
    this.#link.close();
    for (const [clientRef, { preparing }] of [...this.#running]) {
      this.#fail(clientRef, closedError());
      preparing.abort();
    }
    for (const upload of this.#batch.uploads) {
      upload.releasePreview();
    }
  }

  #addOne(file: Blob, { signal, clientRef, filename, again = clientRef !== undefined, handle = handleOf(file) }: AddOptions): Upload {
    const listed = clientRef === undefined ? !again && underWay(this.#running.values(), file) : this.#running.get(clientRef)?.upload;
    const upload = listed || this.#beginWith(file, filename ?? nameOf(file), clientRef, again, handle);
    if (signal?.aborted) {
      upload.cancel();
    } else {
      signal?.addEventListener("abort", () => upload.cancel(), { once: true });
    }
    return upload;
  }

  readonly #commands: UploadCommands = {
    pause: (which) => this.#setPaused(which, true),
    resume: (which) => this.#setPaused(which, false),
    cancel: (which) => this.#cancel(which),
    retry: (which) => this.#retry(which),
  };

  #beginWith(file: Blob, filename: string, given: string | undefined, again: boolean, handle?: FileSystemFileHandle): Upload {
    const before = this.#survival.begunBefore(file, filename, given);
    return this.#begin(file, filename, before ?? given ?? randomName(), { resumed: before !== undefined, again }, handle);
  }

  #begin(file: Blob, filename: string, clientRef: string, how: Omit<HowBegun, "paused">, handle?: FileSystemFileHandle): Upload {
    const upload = new Upload(this.#commands, clientRef, file, filename);
    const running = this.#register(upload, { ...how, paused: false });
    this.#survival.begin(upload, how.again, handle);
    void this.#prepare(running);
    return upload;
  }

  /** Goes on with what another page has begun. */
  #goOn(upload: Upload, found: Restored): void {
    const running = this.#register(upload, { resumed: true, again: found.upload.again, paused: found.upload.paused });
    const described = describeKept(found, this.#pictures.variants);
    if (described === null) {
      upload.setState(running.paused ? "paused" : "preparing", null);
      void this.#prepare(running);
    } else {
      upload.setPrepared(described);
      this.#submit(running, described);
    }
  }

  #register(upload: Upload, how: HowBegun): Running {
    const running = begun(upload, how);
    this.#running.set(upload.clientRef, running);
    this.#batch.add(upload);
    // The upload worker starts while the first photo is read.
    this.#link.expectFiles();
    this.#tellScreen(true);
    return running;
  }

  #tellScreen(cameFurther = false): void {
    this.#survival.needScreen(screenNeed(this.#running.values()), cameFurther);
  }

  async #prepare(running: Running): Promise<void> {
    const { upload, preparing } = running;
    try {
      const prepared = await prepareFile(this.#images, upload.file, upload.filename, {
        ...this.#pictures,
        signal: preparing.signal,
        module: compileModule,
        isServiceThere: () => answers(`${this.endpoint}/healthz`),
        onWaiting: (waits) => {
          running.waits = waits;
          if (!running.paused && !upload.ended) {
            this.#setState(upload, waits ? "waiting_for_network" : "preparing");
          }
        },
      });
      if (upload.ended) {
        return;
      }
      upload.setPrepared(prepared);
      this.#survival.prepared(upload.clientRef, prepared, prepared.warnings);
      this.#submit(running, prepared);
    } catch (thrown) {
      this.#fail(upload.clientRef, toWindlassError(thrown, upload.filename));
    }
  }

  /** Hands it to the engine. */
  #submit(running: Running, { filename, content_type, metadata, variants }: FileDescription): void {
    const { upload, paused, resumed } = running;
    running.submitted = true;
    this.#setState(upload, paused ? "paused" : "queued");
    const rest = { ...(metadata && { metadata }), ...(variants && { variants }) };
    this.#link.add(upload.clientRef, upload.file, { filename, content_type, resumed, again: upload.isWantedAgain, ...rest });
    if (paused) {
      this.#link.pause(upload.clientRef);
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
      case "progress": {
        this.#tellScreen(upload.setProgress(event.file));
        this.#rate = event.total.rate_bytes_per_s;
        const { progress } = this;
        this.#survival.endsIn(progress.remaining_ms);
        this.dispatchEvent(new UploadProgressEvent(upload, event.file, progress));
        this.#survival.tell(upload);
        return;
      }
      case "stored":
        upload.succeed(event.photo, { sameAs: event.same_as, alreadyStored: event.already_stored });
        this.#end(upload);
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
      this.#tellScreen();
      this.#survival.tell(upload);
      this.dispatchEvent(new UploadStateEvent(upload, state));
    }
  }

  #setPaused(upload: Upload, paused: boolean): void {
    const running = this.#running.get(upload.clientRef);
    if (running?.upload !== upload) {
      this.#survival.command(upload, paused ? "pause" : "resume");
      return;
    }
    if (running.paused === paused) {
      return;
    }
    running.paused = paused;
    this.#survival.paused(upload.clientRef, paused);
    this.#tellScreen(true);
    if (running.submitted) {
      if (paused) {
        this.#link.pause(upload.clientRef);
      } else {
        this.#link.resume(upload.clientRef);
      }
    }
    this.#setState(upload, stillState(running, this.#link.isWaiting));
  }

  #cancel(upload: Upload): void {
    const running = this.#running.get(upload.clientRef);
    if (running?.upload !== upload) {
      this.#survival.cancel(upload);
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
    const { clientRef, resumed, again } = onceMore(upload);
    return this.#begin(upload.file, upload.filename, clientRef, { resumed, again });
  }

  #fail(clientRef: string, error: WindlassError): void {
    const upload = this.#running.get(clientRef)?.upload;
    if (upload === undefined) {
      return;
    }
    upload.fail(error.file === upload.filename ? error : withFile(error, upload.filename));
    this.#end(upload);
    this.dispatchEvent(new UploadStateEvent(upload, upload.state));
    if (upload.state === "failed" && upload.error !== null) {
      this.dispatchEvent(new UploadErrorEvent(upload, upload.error));
    }
  }

  #end(upload: Upload): void {
    this.#running.delete(upload.clientRef);
    this.#survival.ended(upload);
    this.#tellScreen(true);
    if (this.#running.size === 0) {
      this.#rate = null;
    }
  }
}
