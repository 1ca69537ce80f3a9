/**
 * A pool of workers behind one function: `run(request)` resolves to the reply. One queue for all;
 * aborting a running job ends its worker, for nothing else stops WebAssembly; a worker that trapped, or never
 * answers, is replaced, and only its own job fails; idle workers are let go, and their memory with them.
 */
import { cancelled, fromPlainError, WindlassError } from "../errors.js";
import type { Job, JobAnswer } from "./messages.js";

/**
 * A job may take so many steps of so many milliseconds, two minutes: a very large picture takes a slow phone half of
 * one. They are counted one by one: a page that sleeps has its workers sleep too, and wakes to a timer that is long due.
 */
const STEP_MS = 10_000;
const STEPS_MOST = 12;

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
  /** Hears when a worker begins with it, and when that is over, whatever came of it. */
  onWork?: (isAtWork: boolean) => void;
}

interface Task<Request, Reply> {
  request: Request;
  resolve: (reply: Reply) => void;
  reject: (error: unknown) => void;
  /** A worker is given it. */
  begin: () => void;
  /** It is over: undoes the abort listener. */
  release: () => void;
}

interface Slot<Request, Reply> {
  worker: Promise<WorkerLike> | null;
  task: Task<Request, Reply> | null;
  /** Runs while it works, or stands idle. */
  timer: ReturnType<typeof setTimeout> | undefined;
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
    this.#slots = Array.from({ length: size }, () => ({ worker: null, task: null, timer: undefined }));
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

  /** Rejects with `cancelled` on abort, `worker_crashed` when the worker dies or takes too long. */
  run(request: Request, { signal, first = false, onWork }: RunOptions = {}): Promise<Reply> {
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
      let isAtWork = false;
      const begin = (): void => {
        isAtWork = true;
        onWork?.(true);
      };
      const release = (): void => {
        signal?.removeEventListener("abort", onAbort);
        isAtWork && onWork?.(false);
      };
      const task: Task<Request, Reply> = { request, resolve, reject, begin, release };
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
    clearTimeout(slot.timer);
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
    this.#limit(slot, task, STEPS_MOST);
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
    task.begin();
    try {
      worker.postMessage(job);
    } catch (error) {
      // Something in it cannot be sent to a worker, which is none the worse for it.
      this.#settle(slot, task, () => task.reject(error));
    }
  }

  /** A decoder may never answer, and a codec never end: without a limit the photo waits for ever, and others behind it. */
  #limit(slot: Slot<Request, Reply>, task: Task<Request, Reply>, steps: number): void {
    slot.timer = setTimeout(() => {
      if (steps > 1) {
        this.#limit(slot, task, steps - 1);
        return;
      }
      this.#stop(slot);
      this.#settle(slot, task, () => task.reject(tookTooLong()));
    }, STEP_MS);
  }

  #settle(slot: Slot<Request, Reply>, task: Task<Request, Reply>, outcome: () => void): void {
    if (slot.task !== task) {
      return;
    }
    clearTimeout(slot.timer);
    slot.task = null;
    task.release();
    outcome();
    this.#dispatch();
    if (slot.task === null && slot.worker !== null) {
      slot.timer = setTimeout(() => this.#stop(slot), this.#idleMs);
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
    clearTimeout(slot.timer);
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

function tookTooLong(): WindlassError {
  return new WindlassError("worker_crashed", "The worker reading this file was stopped: it had no answer after two minutes.");
}
