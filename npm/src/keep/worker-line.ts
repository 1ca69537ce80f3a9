/**
 * The line to the keeping worker. Until its script has been fetched and runs, what it is told is held back;
 * where the script cannot be had (a bad network, a deployment in between), it is asked for again and again,
 * and hears then what was held back.
 */
import { Again } from "../again.js";
import { STARTING_MOST_MS } from "../unreachable.js";
import type { WorkerLike } from "../workers/bridge.js";
import type { FromKeepWorker, ToKeepWorker } from "./messages.js";

export interface WorkerLineOptions {
  /** Starts a bare worker. */
  startWorker: () => WorkerLike;
  /** The first thing any worker is told. */
  greeting: ToKeepWorker;
  onMessage: (message: FromKeepWorker) => void;
  /** The script could not be had. It is tried again. */
  onAbsent: () => void;
  /** It ran, and broke: what it had promised may not be so. */
  onBroken: () => void;
}

export class WorkerLine {
  readonly #options: WorkerLineOptions;
  #worker: WorkerLike | null = null;
  /** Not yet heard: `null` once the worker runs. */
  #held: ToKeepWorker[] | null = [];
  readonly #again = new Again(() => this.#start());
  #timer: ReturnType<typeof setTimeout> | undefined;
  #broken = false;
  #closed = false;

  constructor(options: WorkerLineOptions) {
    this.#options = options;
  }

  /** Whether what is sent is heard by nobody any more. */
  get isOver(): boolean {
    return this.#broken || this.#closed;
  }

  /** Whether there is no worker now, though one was wanted. */
  get isAbsent(): boolean {
    return this.isOver || this.#again.isWaiting;
  }

  send(message: ToKeepWorker): void {
    if (this.isOver) {
      return;
    }
    if (this.#held === null) {
      this.#worker?.postMessage(message);
      return;
    }
    if (message.kind === "forget") {
      // What was to be kept of it is not held in memory, its pictures above all, until there is a worker at last.
      this.#held = this.#held.filter((held) => uploadOf(held) !== message.clientRef);
    }
    // Asked for with each word of another tab: once is enough, however long no worker is to be had.
    if (message.kind !== "watch" || !this.#held.some((held) => held.kind === "watch" && held.session === message.session)) {
      this.#held.push(message);
    }
    if (this.#worker === null && !this.#again.isWaiting) {
      this.#start();
    }
  }

  /** Tells it only where there is one, or where one is waited for that is to hear of other things first. */
  tell(message: ToKeepWorker): void {
    if (this.#worker !== null || this.#held?.length) {
      this.send(message);
    }
  }

  /** The network may be back. */
  wake(): void {
    this.#again.wake();
  }

  /** The last word; the worker ends itself. */
  close(farewell: ToKeepWorker): void {
    if (this.#held === null) {
      this.#worker?.postMessage(farewell);
    } else {
      this.#held.push(farewell);
    }
    this.#again.stop();
    clearTimeout(this.#timer);
    this.#closed = true;
  }

  #start(): void {
    let worker: WorkerLike;
    try {
      worker = this.#options.startWorker();
    } catch {
      // Refused at once, as a script of another origin is. What is sent does not depend on it.
      this.#broken = true;
      this.#held = [];
      this.#options.onBroken();
      return;
    }
    this.#worker = worker;
    const absent = (): void => {
      clearTimeout(this.#timer);
      worker.terminate();
      this.#worker = null;
      if (!this.#closed) {
        this.#again.later();
        this.#options.onAbsent();
      }
    };
    // A script that neither comes nor fails: nobody is to wait for it without being told.
    this.#timer = setTimeout(absent, STARTING_MOST_MS);
    worker.onmessage = ({ data }: MessageEvent<FromKeepWorker>) => {
      if (data.kind === "ready") {
        this.#isThere(worker);
      } else if (!this.#closed) {
        this.#options.onMessage(data);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      clearTimeout(this.#timer);
      if (this.#held === null || event.message) {
        this.#broken = true;
        if (this.#held !== null) {
          // It never got to listen, and nobody will read what was held back.
          this.#held = [];
          worker.terminate();
        }
        this.#options.onBroken();
        return;
      }
      absent();
    };
  }

  #isThere(worker: WorkerLike): void {
    clearTimeout(this.#timer);
    worker.postMessage(this.#options.greeting);
    for (const message of this.#held ?? []) {
      worker.postMessage(message);
    }
    this.#held = null;
  }
}

/** The upload it is about, by its name, where it is about one. */
function uploadOf(message: ToKeepWorker): string | null {
  if (message.kind === "keep") {
    return message.upload.client_ref;
  }
  return "clientRef" in message ? message.clientRef : null;
}
