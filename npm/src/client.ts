/** The client: takes files, sends them through the workers, tells how it goes, lists what is there. */
import { Photos, UploadLinks } from "./api.js";
import { Batch } from "./batch.js";
import { CancelSignals } from "./cancel-signals.js";
import { Cancelling } from "./cancelling.js";
import { cancelled, closedError, fromPlainError, toWindlassError, withFile, type WindlassError } from "./errors.js";
import { eventsOf, TypedEventTarget, UploadProgressEvent, UploadStateEvent, type MissingFile, type WindlassEventMap } from "./events.js";
import { flattenFiles, handleOf, nameOf, type FileSource } from "./files.js";
import type { ProgressCounts } from "./generated/ProgressCounts";
import type { UploadEvent } from "./generated/UploadEvent";
import type { Restored, StorageReport } from "./keep/messages.js";
import { describeKept } from "./keep/restored.js";
import { Survival } from "./keep/survival.js";
import {
  absoluteEndpoint,
  checkOptions,
  queueConfig,
  type AddManyOptions,
  type AddOptions,
  type OriginalsPolicy,
  type WindlassOptions,
} from "./options.js";
import { Originals } from "./originals.js";
import { Pictures } from "./pictures.js";
import { randomName } from "./random-name.js";
import { begun, onceMore, screenNeed, stillState, underWay, type HowBegun, type Running } from "./running.js";
import { TokenSource } from "./token.js";
import { Turns } from "./turns.js";
import { Upload, type UploadCommands, type UploadState } from "./upload.js";
import { watchNetwork } from "./page.js";
import { compileUploadModule, type FileDescription } from "./wasm/upload.js";
import { startUploadWorker } from "./workers/start.js";
import { UploadLink } from "./workers/upload-link.js";

export class Windlass extends TypedEventTarget<WindlassEventMap> {
  readonly endpoint: string;
  readonly project: string;
  /** The photos that are already there. */
  readonly photos: Photos;
  /** Links for customers without an account. */
  readonly uploadLinks: UploadLinks;

  readonly #pictures: Pictures;
  readonly #link: UploadLink;
  readonly #running = new Map<string, Running>();
  readonly #turns = new Turns(this.#running, (running) => void this.#prepare(running));
  readonly #cancelling = new Cancelling((upload) => {
    // Other tabs know it by its name, which another one may have by now.
    this.#running.has(upload.clientRef) || this.#survival.tell(upload);
    eventsOf(upload).forEach((event) => this.dispatchEvent(event));
  });
  readonly #batch = new Batch();
  readonly #signals = new CancelSignals();
  /** Browsers hold a thumbnail in memory until it is released, also that of an upload nobody knows any more. */
  readonly #withPreview = new Set<Upload>();
  readonly #survival: Survival;
  readonly #originals: Originals;
  readonly #unwatch: () => void;
  #closed = false;

  constructor(options: WindlassOptions) {
    super();
    checkOptions(options);
    this.endpoint = absoluteEndpoint(options.endpoint);
    this.project = options.project;
    const tokens = new TokenSource(options.token, (token) => this.#survival.signedIn(token));
    this.photos = new Photos(this.endpoint, this.project, tokens);
    this.uploadLinks = new UploadLinks(this.endpoint, this.project, tokens);
    this.#pictures = new Pictures(options, this.endpoint);
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
      progress: () => this.progress,
      goOn: (upload, found) => this.#goOn(upload, found),
      fail: (clientRef, error) => this.#fail(clientRef, error),
      dispatch: (event) => this.dispatchEvent(event),
    });
    this.#originals = new Originals(options.originals ?? "at-once", (wait) => this.#link.setOriginalsWait(wait));
    this.#unwatch = watchNetwork((online) => {
      this.#link.setOnline(online);
      online && this.#survival.wake();
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
      this.#pictures.warm();
      this.#link.warm();
    }
  }

  /** The uploads since nothing was under way. */
  get uploads(): readonly Upload[] {
    return this.#batch.uploads;
  }

  /** Of all of them together. */
  get progress(): ProgressCounts {
    return this.#batch.progress;
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
    // It ends by this, and not with the page.
    this.#pictures.close(closedError());
    // Before the uploads, so that ending them here does not make it forget them.
    this.#survival.close();
    this.#link.close();
    for (const [clientRef, { preparing }] of [...this.#running]) {
      this.#fail(clientRef, closedError());
      preparing.abort();
    }
    this.#signals.close();
    this.#withPreview.forEach((upload) => upload.releasePreview());
  }

  #addOne(file: Blob, { signal, clientRef, filename, again = clientRef !== undefined, resumed = false, handle = handleOf(file) }: AddOptions): Upload {
    const listed = clientRef === undefined ? !again && underWay(this.#running.values(), file) : this.#running.get(clientRef)?.upload;
    const upload = listed || this.#beginWith(file, filename ?? nameOf(file), clientRef, { resumed, again }, handle);
    if (signal?.aborted) {
      upload.cancel();
    } else if (signal !== undefined) {
      this.#signals.give(upload, signal);
    }
    return upload;
  }

  readonly #commands: UploadCommands = {
    pause: (which) => this.#setPaused(which, true),
    resume: (which) => this.#setPaused(which, false),
    cancel: (which) => this.#cancel(which),
    retry: (which) => this.#retry(which),
  };

  #beginWith(file: Blob, filename: string, given: string | undefined, { resumed, again }: Omit<HowBegun, "paused">, handle?: FileSystemFileHandle): Upload {
    const before = this.#survival.begunBefore(file, filename, given);
    return this.#begin(file, filename, before ?? given ?? randomName(), { resumed: resumed || before !== undefined, again }, handle);
  }

  #begin(file: Blob, filename: string, clientRef: string, how: Omit<HowBegun, "paused">, handle?: FileSystemFileHandle): Upload {
    const upload = new Upload(this.#commands, clientRef, file, filename);
    this.#register(upload, { ...how, paused: false });
    this.#survival.begin(upload, how.again, handle);
    return upload;
  }

  /** Goes on with what another page has begun, or with what is kept of a file that cannot be read any more. */
  #goOn(upload: Upload, found: Restored): void {
    const { paused } = this.#running.get(upload.clientRef) ?? found.upload;
    const { interrupted, upload: kept } = found;
    const running = this.#register(upload, { resumed: true, again: kept.again, paused, interrupted });
    const described = describeKept(found, this.#pictures.variants);
    if (described === null) {
      this.#setState(upload, running.paused ? "paused" : "preparing");
    } else {
      upload.setPrepared(described, this.#withPreview);
      this.#submit(running, described);
    }
  }

  #register(upload: Upload, how: HowBegun): Running {
    const running = begun(upload, how);
    this.#running.set(upload.clientRef, running);
    this.#batch.add(upload);
    // The upload worker starts while the first photo is read.
    this.#link.expectFiles();
    this.#changed(true);
    return running;
  }

  /** Something has changed: the turn of another one may have come, and the screen may be needed longer, or no more. */
  #changed(cameFurther = false): void {
    this.#turns.look();
    this.#survival.needScreen(screenNeed(this.#running.values()), cameFurther);
  }

  async #prepare(running: Running): Promise<void> {
    const { upload, preparing } = running;
    try {
      const prepared = await this.#pictures.prepare(upload.file, upload.filename, {
        signal: preparing.signal,
        ...this.#survival.guard(upload.clientRef, running.interrupted),
        onWaiting: (waits) => {
          running.waits = waits;
          upload.ended || this.#setState(upload, stillState(running, false));
        },
      });
      await this.#survival.mustBeReadable(upload, prepared);
      if (upload.ended) {
        return;
      }
      upload.setPrepared(prepared, this.#withPreview);
      this.#survival.prepared(upload.clientRef, prepared, prepared.warnings);
      running.isAhead = prepared.variants !== undefined;
      this.#submit(running, prepared);
    } catch (thrown) {
      // Once it was cancelled, another one may run under its name.
      if (!upload.ended) {
        this.#fail(upload.clientRef, toWindlassError(thrown, upload.filename));
      }
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
    if (this.#cancelling.follow(event) || running === undefined || !running.submitted) {
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
        this.#changed(upload.setProgress(event.file));
        this.#batch.rate = event.total.rate_bytes_per_s;
        const { progress } = this;
        this.#survival.endsIn(progress.remaining_ms);
        this.dispatchEvent(new UploadProgressEvent(upload, event.file, progress));
        this.#survival.tell(upload);
        return;
      }
      case "stored":
        upload.succeed(event.photo, { sameAs: event.same_as, alreadyStored: event.already_stored });
        this.#end(upload);
        return;
      case "failed":
        this.#fail(event.client_ref, fromPlainError({ ...event.error, requestId: event.error.request_id ?? undefined }));
    }
  }

  #setState(upload: Upload, state: UploadState, reason: string | null = null): void {
    if (upload.state !== state || upload.reason !== reason) {
      upload.setState(state, reason);
      this.#changed();
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
    this.#changed(true);
    if (running.submitted) {
      this.#link[paused ? "pause" : "resume"](upload.clientRef);
    }
    this.#setState(upload, stillState(running, this.#link.isWaiting));
  }

  #cancel(upload: Upload): void {
    const running = this.#running.get(upload.clientRef);
    if (running?.upload === upload) {
      if (this.#link.cancel(upload.clientRef)) {
        this.#cancelling.begin(upload);
        this.#end(upload);
      } else {
        this.#fail(upload.clientRef, cancelled(upload.filename));
        running.preparing.abort();
      }
      return;
    }
    this.#signals.release(upload);
    // While it is tried again, what is kept of it is the retry's.
    if (upload.state !== "failed" || running === undefined) {
      this.#survival.cancel(upload);
    }
  }

  #retry(upload: Upload): Upload {
    if (this.#closed) {
      throw closedError();
    }
    // Several may hold it, and each may have it tried again; one may have been added under its name, too.
    const latest = this.#running.get(upload.latest.clientRef)?.upload ?? upload.latest;
    if (!(latest.ended || latest.isCancelling) || (latest !== upload && latest.state === "stored")) {
      return latest;
    }
    const { clientRef, resumed, again } = onceMore(latest);
    const retry = this.#begin(latest.file, latest.filename, clientRef, { resumed, again });
    latest.retried = retry;
    this.#signals.handOn(latest, retry);
    return retry;
  }

  #fail(clientRef: string, error: WindlassError): void {
    const upload = this.#running.get(clientRef)?.upload;
    if (upload !== undefined && this.#survival.readsAgain(upload, error)) {
      this.#setState(upload, upload.state === "paused" ? "paused" : "retrying", error.message);
    } else if (upload !== undefined) {
      upload.fail(error.file === upload.filename ? error : withFile(error, upload.filename));
      this.#end(upload);
    }
  }

  /** Nothing more is done about it here; one that is being cancelled has its last word to come. */
  #end(upload: Upload): void {
    this.#running.delete(upload.clientRef);
    if (!this.#survival.ended(upload)) {
      this.#signals.release(upload);
    }
    this.#changed(true);
    eventsOf(upload).forEach((event) => this.dispatchEvent(event));
  }
}
