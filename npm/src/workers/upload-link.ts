/**
 * The page's end of the upload worker. It answers the worker's questions for a token, passes events on,
 * waits for a network where the worker itself could not be loaded, and when the worker dies starts another one with
 * the files that had not ended: the service knows each by its reference, so nothing is stored twice.
 */
import { Again } from "../again.js";
import { fromPlainError, toPlainError, toWindlassError, WindlassError } from "../errors.js";
import type { UploadEvent } from "../generated/UploadEvent";
import type { TokenSource } from "../token.js";
import { mayBeLoadedLater } from "../unreachable.js";
import type { FileDescription, UploadQueueConfig } from "../wasm/upload.js";
import type { WorkerLike } from "./bridge.js";
import type { FromUploadWorker, ToUploadWorker } from "./messages.js";
import { withModule } from "./ready.js";

export interface UploadLinkOptions {
  /** Starts a worker; resolves when it runs. */
  startWorker: () => Promise<WorkerLike>;
  compile: () => Promise<WebAssembly.Module>;
  config: UploadQueueConfig;
  tokens: TokenSource;
  onEvent: (event: UploadEvent) => void;
  /** One file ended without the engine's help. */
  onFailed: (clientRef: string, error: WindlassError) => void;
}

interface Entry {
  file: Blob;
  description: FileDescription;
  paused: boolean;
}

/** A worker that keeps dying is a fault that restarting does not heal. */
const MAX_CRASHES = 3;

export class UploadLink {
  readonly #options: UploadLinkOptions;
  readonly #entries = new Map<string, Entry>();
  /** Cancelled, and the worker has not said yet how they ended. What is added under such a name waits for that. */
  readonly #ending = new Set<string>();
  #worker: WorkerLike | null = null;
  #starting: Promise<void> | null = null;
  /** The worker or its module could not be loaded. */
  readonly #again = new Again(() => this.#start());
  #crashes = 0;
  #expected = false;
  /** For the first question only: a worker that asks again holds one that was refused. */
  #tokenAhead: Promise<string> | null = null;
  #online = true;
  #originalsWait = false;
  #closed = false;

  constructor(options: UploadLinkOptions) {
    this.#options = options;
  }

  /** Starts the worker ahead of the first file. */
  warm(): void {
    if (this.#worker === null && !this.#again.isWaiting && !this.#closed) {
      this.#start();
    }
  }

  /** Files are on their way here: what they need is had meanwhile. */
  expectFiles(): void {
    this.warm();
    if (!this.#expected) {
      this.#expected = true;
      this.#tokenAhead = this.#options.tokens.renew();
      this.#tokenAhead.catch(() => {
        // The worker is told when it asks.
      });
    }
  }

  add(clientRef: string, file: Blob, description: FileDescription): void {
    this.#entries.set(clientRef, { file, description, paused: false });
    if (this.#again.isWaiting) {
      this.#tellWaiting(clientRef);
    } else if (this.#worker === null) {
      // Starting sends all entries, this one included.
      this.#start();
    } else {
      this.#sendEntry(clientRef);
    }
  }

  /** Whether the worker could not be loaded so far. */
  get isWaiting(): boolean {
    return this.#again.isWaiting;
  }

  pause(clientRef: string): void {
    this.#setPaused(clientRef, true);
  }

  resume(clientRef: string): void {
    this.#setPaused(clientRef, false);
  }

  /** Answers whether the worker has it: only the worker knows then how it ends, and tells it. */
  cancel(clientRef: string): boolean {
    if (!this.#entries.delete(clientRef) || this.#worker === null || this.#ending.has(clientRef)) {
      return false;
    }
    this.#ending.add(clientRef);
    this.#send({ kind: "cancel", clientRef });
    return true;
  }

  setOnline(online: boolean): void {
    this.#online = online;
    if (online) {
      this.#again.wake();
    }
    this.#send({ kind: "online", online });
  }

  setOriginalsWait(wait: boolean): void {
    if (this.#originalsWait !== wait) {
      this.#originalsWait = wait;
      this.#send({ kind: "originals", wait });
    }
  }

  close(): void {
    this.#closed = true;
    this.#again.stop();
    this.#entries.clear();
    this.#stop();
  }

  #setPaused(clientRef: string, paused: boolean): void {
    const entry = this.#entries.get(clientRef);
    if (entry !== undefined) {
      entry.paused = paused;
    }
    if (!this.#ending.has(clientRef)) {
      this.#send({ kind: paused ? "pause" : "resume", clientRef });
    }
  }

  #start(): void {
    this.#starting ??= this.#open().finally(() => {
      this.#starting = null;
    });
  }

  async #open(): Promise<void> {
    let module: WebAssembly.Module;
    let worker: WorkerLike;
    try {
      [module, worker] = await withModule(this.#options.compile(), this.#options.startWorker());
    } catch (thrown) {
      this.#notStarted(thrown);
      return;
    }
    if (this.#closed) {
      worker.terminate();
      return;
    }
    this.#again.stop();
    worker.onmessage = ({ data }: MessageEvent<FromUploadWorker>) => {
      if (worker === this.#worker) {
        this.#receive(data);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      if (worker === this.#worker) {
        this.#crashed(event.message);
      }
    };
    this.#worker = worker;
    this.#send({ kind: "start", module, config: this.#options.config });
    this.#send({ kind: "online", online: this.#online });
    if (this.#originalsWait) {
      this.#send({ kind: "originals", wait: true });
    }
    for (const clientRef of this.#entries.keys()) {
      this.#sendEntry(clientRef);
    }
  }

  #sendEntry(clientRef: string): void {
    const entry = this.#entries.get(clientRef);
    if (entry === undefined || this.#ending.has(clientRef)) {
      return;
    }
    const { file, description, paused } = entry;
    this.#send({ kind: "add", clientRef, file, description });
    if (paused) {
      this.#send({ kind: "pause", clientRef });
    }
  }

  /** Never given up while it is the network that is in the way. */
  #notStarted(thrown: unknown): void {
    if (!mayBeLoadedLater(thrown)) {
      this.#failAll(toWindlassError(thrown));
    } else if (this.#entries.size > 0) {
      this.#again.later();
      for (const clientRef of this.#entries.keys()) {
        this.#tellWaiting(clientRef);
      }
    }
  }

  #tellWaiting(clientRef: string): void {
    this.#options.onEvent({ type: "phase", client_ref: clientRef, phase: "waiting_for_network", reason: null });
  }

  #receive(message: FromUploadWorker): void {
    switch (message.kind) {
      case "event":
        this.#follow(message.event);
        return;
      case "token":
        void this.#answerToken(message.question);
        return;
      case "refused":
        if (this.#ending.has(message.clientRef)) {
          this.#follow({ type: "cancelled", client_ref: message.clientRef });
          return;
        }
        this.#entries.delete(message.clientRef);
        this.#options.onFailed(message.clientRef, fromPlainError(message.error));
        return;
      case "trapped":
        this.#crashed(message.message);
    }
  }

  #follow(event: UploadEvent): void {
    const { type, client_ref: clientRef } = event;
    const isEnd = type === "stored" || type === "failed" || type === "cancelled";
    // One that was cancelled is gone already, and another one may be here under its name.
    if (isEnd && !this.#ending.has(clientRef)) {
      this.#entries.delete(clientRef);
    }
    if (type === "stored") {
      this.#crashes = 0;
    }
    this.#options.onEvent(event);
    if (isEnd && this.#ending.delete(clientRef)) {
      this.#sendEntry(clientRef);
    }
  }

  async #answerToken(question: number): Promise<void> {
    const ahead = this.#tokenAhead;
    this.#tokenAhead = null;
    try {
      const token = await (ahead ?? this.#options.tokens.renew());
      this.#send({ kind: "token", question, token });
    } catch (thrown) {
      this.#send({ kind: "no-token", question, error: toPlainError(thrown) });
    }
  }

  #crashed(detail: string | undefined): void {
    this.#stop();
    if (this.#entries.size === 0) {
      return;
    }
    for (const entry of this.#entries.values()) {
      // The worker that died may have sent some of it.
      entry.description = { ...entry.description, resumed: true };
    }
    this.#crashes += 1;
    if (this.#crashes < MAX_CRASHES) {
      this.#start();
      return;
    }
    this.#crashes = 0;
    const why = detail ? ` (${detail})` : "";
    this.#failAll(
      new WindlassError("worker_crashed", `Sending stopped unexpectedly${why}. Try again; if it happens again, reload the page.`, {
        retryable: true,
      }),
    );
  }

  #failAll(error: WindlassError): void {
    const references = [...this.#entries.keys()];
    this.#entries.clear();
    for (const clientRef of references) {
      this.#options.onFailed(clientRef, error);
    }
  }

  #send(message: ToUploadWorker): void {
    this.#worker?.postMessage(message);
  }

  /** What was cancelled is so: whoever could say more is gone. */
  #stop(): void {
    this.#worker?.terminate();
    this.#worker = null;
    for (const clientRef of this.#ending) {
      this.#follow({ type: "cancelled", client_ref: clientRef });
    }
  }
}
