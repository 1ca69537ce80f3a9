/**
 * A pool of workers behind one function: `run(request)` resolves to the reply. One queue for all;
 * aborting a running job ends its worker, for nothing else stops WebAssembly; a worker that trapped is
 * replaced, and only its own job fails; idle workers are let go, and their memory with them.
 */
import { cancelled, fromPlainError, WindlassError } from "../errors.js";
import type { Job, JobAnswer } from "./messages.js";

/** What the pool needs of a `Worker`. */
export interface WorkerLike {
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: ((event: MessageEvent) => void) | null;
  onerror: ((event: ErrorEvent) => void) | null;
}

export interface PoolOptions {
  /** How many workers at most. */
  size: number;
  /** How long a worker may stand idle. */
  idleMs: number;
}

export interface RunOptions {
  /** Aborting it gives the request up, also while it is being worked on. */
  signal?: AbortSignal;
  /** Whether it goes before all that wait. */
  first?: boolean;
}

interface Task<Request, Reply> {
  request: Request;
  resolve: (reply: Reply) => void;
  reject: (error: unknown) => void;
  /** Undoes the abort listener. */
  release: () => void;
}

interface Slot<Request, Reply> {
  worker: Promise<WorkerLike> | null;
  task: Task<Request, Reply> | null;
  idleTimer: ReturnType<typeof setTimeout> | undefined;
}

export class WorkerPool<Request, Reply> {
  readonly #start: () => Promise<WorkerLike>;
  readonly #idleMs: number;
  readonly #queue: Task<Request, Reply>[] = [];
  readonly #slots: Slot<Request, Reply>[];
  #closed: { reason: unknown } | null = null;

  constructor(start: () => Promise<WorkerLike>, { size, idleMs }: PoolOptions) {
    this.#start = start;
    this.#idleMs = idleMs;
    this.#slots = Array.from({ length: size }, () => ({ worker: null, task: null, idleTimer: undefined }));
  }

  /**
   * Starts one worker ahead of the first request. Until that comes it is kept: a worker that has not
   * worked holds little memory.
   */
  warm(): void {
    const [slot] = this.#slots;
    if (slot === undefined || this.#closed !== null || this.#slots.some(({ worker }) => worker !== null)) {
      return;
    }
    const starting = this.#start();
    slot.worker = starting;
    starting.catch(() => {
      // The first request tries again, and tells why where that fails too.
      if (slot.worker === starting) {
        slot.worker = null;
      }
    });
  }

  /** Rejects with `cancelled` on abort, `worker_crashed` when the worker dies. */
  run(request: Request, { signal, first = false }: RunOptions = {}): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== null) {
        reject(this.#closed.reason);
        return;
      }
      if (signal?.aborted) {
        reject(cancelled(undefined, signal.reason));
        return;
      }
      const onAbort = (): void => this.#abort(task, signal?.reason);
      const release = (): void => signal?.removeEventListener("abort", onAbort);
      const task: Task<Request, Reply> = { request, resolve, reject, release };
      signal?.addEventListener("abort", onAbort, { once: true });
      if (first) {
        this.#queue.unshift(task);
      } else {
        this.#queue.push(task);
      }
      this.#dispatch();
    });
  }

  /** Ends all workers; what was asked and not answered, and what is asked from now on, is rejected with `reason`. */
  close(reason: unknown): void {
    this.#closed = { reason };
    const unanswered = this.#queue.splice(0);
    for (const slot of this.#slots) {
      if (slot.task !== null) {
        unanswered.push(slot.task);
        slot.task = null;
      }
      this.#stop(slot);
    }
    for (const task of unanswered) {
      task.release();
      task.reject(reason);
    }
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const idle = this.#slots.filter((slot) => slot.task === null);
      // One that is warm first: starting costs more than waiting a moment.
      const slot = idle.find(({ worker }) => worker !== null) ?? idle[0];
      const task = slot && this.#queue.shift();
      if (!slot || !task) {
        return;
      }
      void this.#work(slot, task);
    }
  }

  async #work(slot: Slot<Request, Reply>, task: Task<Request, Reply>): Promise<void> {
    clearTimeout(slot.idleTimer);
    slot.task = task;
    const starting = (slot.worker ??= this.#start());
    let worker: WorkerLike;
    try {
      worker = await starting;
    } catch (error) {
      if (slot.worker === starting) {
        slot.worker = null;
      }
      this.#settle(slot, task, () => task.reject(error));
      return;
    }
    if (slot.task !== task) {
      // Aborted while the worker was starting; `#stop` ends it.
      return;
    }
    worker.onmessage = ({ data }: MessageEvent<JobAnswer<Reply>>) => {
      if (data.kind === "done") {
        this.#settle(slot, task, () => task.resolve(data.reply));
        return;
      }
      if (data.trapped) {
        this.#stop(slot);
      }
      const error = data.trapped ? crashed(data.error.message) : fromPlainError(data.error);
      this.#settle(slot, task, () => task.reject(error));
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      this.#stop(slot);
      this.#settle(slot, task, () => task.reject(crashed(event.message)));
    };
    const job: Job<Request> = { kind: "job", request: task.request };
    worker.postMessage(job);
  }

  #settle(slot: Slot<Request, Reply>, task: Task<Request, Reply>, outcome: () => void): void {
    if (slot.task !== task) {
      return;
    }
    slot.task = null;
    task.release();
    outcome();
    this.#dispatch();
    if (slot.task === null && slot.worker !== null) {
      slot.idleTimer = setTimeout(() => this.#stop(slot), this.#idleMs);
    }
  }

  #abort(task: Task<Request, Reply>, reason: unknown): void {
    const position = this.#queue.indexOf(task);
    if (position >= 0) {
      this.#queue.splice(position, 1);
      task.reject(cancelled(undefined, reason));
      return;
    }
    const slot = this.#slots.find((candidate) => candidate.task === task);
    if (slot !== undefined) {
      this.#stop(slot);
      this.#settle(slot, task, () => task.reject(cancelled(undefined, reason)));
    }
  }

  #stop(slot: Slot<Request, Reply>): void {
    clearTimeout(slot.idleTimer);
    const stopping = slot.worker;
    slot.worker = null;
    stopping?.then((worker) => worker.terminate()).catch(() => {
      // It never started; whoever waited for it was told.
    });
  }
}

function crashed(detail: string | undefined): WindlassError {
  const why = detail ? ` (${detail})` : "";
  return new WindlassError("worker_crashed", `The worker reading this file stopped unexpectedly${why}.`);
}
