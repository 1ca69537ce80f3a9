/**
 * The page's end of the keeping worker. Nothing here can hold up or stop an upload: where a browser keeps
 * nothing, everything goes on from memory, and whoever listens is told to keep the page open.
 */
import { Again } from "../again.js";
import type { KeptUpload } from "../generated/KeptUpload";
import type { MetadataWarning } from "../generated/MetadataWarning";
import { randomName } from "../random-name.js";
import type { WorkerLike } from "../workers/bridge.js";
import type { FileDescription } from "../wasm/upload.js";
import { changeRow, DATABASE, inNamespace, QueueDatabase, transact } from "./database.js";
import { NOTHING_KEPT, type FromKeepWorker, type NotKeptCode, type Restored, type StorageReport, type ToKeepWorker } from "./messages.js";
import { keptOf } from "./restored.js";
import { WorkerLine } from "./worker-line.js";

/** The version of the records this build writes: `SCHEMA` of the core. */
const SCHEMA = 1;
/** While nobody can say who is signed in, or not everything can be read, it is asked again after this long, doubled up to the second. */
const ASK_AGAIN_MS = 1_000;
const ASK_AGAIN_MOST_MS = 30_000;

export interface KeeperOptions {
  /** Starts a bare worker. */
  startWorker: () => WorkerLike;
  /** The upload module: it decides about what was found. */
  compile: () => Promise<WebAssembly.Module>;
  endpoint: string;
  project: string;
  /** Whether originals wait for Wi-Fi, in a service worker as well. */
  onWifi: boolean;
  /** Who is signed in, asked only where there is something to resume. Rejects where that cannot be had now. */
  whoIsIt: () => Promise<string | null>;
  /** Earlier pages, or others that are open, have left something in this queue. */
  onFound: () => void;
  onKept: (clientRef: string) => void;
  onNotKept: (clientRef: string, code: NotKeptCode) => void;
  onRestored: (uploads: Restored[], missing: KeptUpload[]) => void;
  /** A tab that was watched is gone, and what it left was looked for: if anything was kept, it came in `onRestored`. */
  onGone: (session: string) => void;
}

export class Keeper {
  /** Names this page among those of the same queue. */
  readonly session = randomName();
  /** The queue: one for each service and project. */
  readonly namespace: string;
  readonly #options: KeeperOptions;
  readonly #questions = new Map<number, (report: StorageReport) => void>();
  readonly #held = new Set<string>();
  /** Those of them all bytes of which are kept. */
  readonly #kept = new Set<string>();
  /** Those whose files cannot be read any more, and who waits for what is kept of them. */
  readonly #unreadable = new Map<string, (found: Restored | null) => void>();
  /** Tabs that are gone, and for what they left nobody has been sent. */
  #gone: string[] = [];
  /** The same of each look that is under way: which tabs were gone before it. */
  #looks: string[][] = [];
  #subject: string | null = null;
  #onWifi: boolean;
  readonly #line: WorkerLine;
  readonly #firstLook = new Again(() => void this.resume());
  #askTimer: ReturnType<typeof setTimeout> | undefined;
  #askAgainMs = ASK_AGAIN_MS;
  #asking = false;
  #questionCount = 0;
  #hasAskedToPersist = false;
  #closed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#onWifi = options.onWifi;
    this.namespace = `${options.endpoint} ${options.project}`;
    this.#line = new WorkerLine({
      startWorker: options.startWorker,
      greeting: { kind: "start", namespace: this.namespace, session: this.session },
      onMessage: (message) => this.#receive(message),
      onAbsent: () => {
        this.#nothingIsKept("keeper_unreachable");
        this.#answerAll();
      },
      onBroken: () => {
        this.#nothingIsKept("storage_unavailable");
        this.#held.clear();
        this.#answerAll();
        // Nobody will look any more.
        [...this.#looks.flat(), ...this.#gone].forEach((session) => this.#options.onGone(session));
        [this.#looks, this.#gone] = [[], []];
        this.#unreadable.forEach((answer) => answer(null));
        this.#unreadable.clear();
      },
    });
  }

  /** Who is signed in, as soon as it is known. */
  setSubject(subject: string): void {
    if (this.#subject !== subject) {
      this.#subject = subject;
      this.#line.tell({ kind: "subject", subject });
    }
  }

  /** Whether originals wait for Wi-Fi, from now on. */
  setOnWifi(onWifi: boolean): void {
    if (this.#onWifi !== onWifi) {
      this.#onWifi = onWifi;
      this.#line.tell({ kind: "originals", onWifi });
    }
  }

  /** Whether all bytes of it are kept, whatever becomes of the file itself. */
  isKept(clientRef: string): boolean {
    return this.#kept.has(clientRef);
  }

  /** Keeps a file that was chosen; `again`: also where these very bytes were stored before. */
  add(clientRef: string, file: Blob, filename: string, again: boolean, handle: FileSystemFileHandle | undefined): void {
    if (this.#line.isOver) {
      this.#options.onNotKept(clientRef, "storage_unavailable");
      return;
    }
    this.#held.add(clientRef);
    this.#askToPersist();
    this.#send({
      kind: "keep",
      upload: {
        schema: SCHEMA,
        client_ref: clientRef,
        subject: this.#subject,
        filename,
        content_type: file.type,
        size_bytes: file.size,
        last_modified_ms: file instanceof File ? file.lastModified : null,
        chosen_at_ms: Date.now(),
        paused: false,
        again,
        bytes: "none",
        prepared: null,
      },
      file,
      handle: handle ?? null,
      onWifi: this.#onWifi,
    });
  }

  /** Keeps what was made of it. */
  prepared(clientRef: string, description: FileDescription, warnings: readonly MetadataWarning[]): void {
    if (this.#held.has(clientRef)) {
      const variants = (description.variants ?? []).map(({ blob }) => blob);
      this.#send({ kind: "prepared", clientRef, prepared: keptOf(description, warnings), variants });
    }
  }

  setPaused(clientRef: string, paused: boolean): void {
    this.#held.has(clientRef) && this.#send({ kind: "paused", clientRef, paused });
  }

  /** How many pages in a row have ended while they made its smaller pictures, should this one end now. */
  setInterrupted(clientRef: string, interrupted: number): void {
    this.#held.has(clientRef) && this.#send({ kind: "at-work", clientRef, interrupted });
  }

  /** Everything is stored soon: copies may not be worth making any more. */
  soon(): void {
    this.#line.tell({ kind: "soon" });
  }

  /** It has ended for good. */
  forget(clientRef: string): void {
    this.#kept.delete(clientRef);
    if (this.#held.delete(clientRef)) {
      this.#send({ kind: "forget", clientRef });
    }
  }

  /** Nobody wants what had failed any more. After `close`, when the worker hears nothing, that may still be said. */
  discard(clientRef: string): void {
    if (!this.#closed) {
      this.forget(clientRef);
    } else if (this.#held.delete(clientRef)) {
      void this.#removeRow(clientRef);
    }
  }

  /** Goes on with what earlier pages have left, if there is anything. */
  async resume(): Promise<void> {
    try {
      if (await this.#isThereAnything()) {
        this.#options.onFound();
        this.#restore();
      }
    } catch {
      if (!this.#closed) {
        this.#firstLook.later();
      }
    }
  }

  /** What is kept of an upload whose file cannot be read any more; `null` where that is not to be had either. */
  readAgain(clientRef: string): Promise<Restored | null> {
    if (this.#line.isOver) {
      return Promise.resolve(null);
    }
    return new Promise((answer) => {
      this.#unreadable.set(clientRef, answer);
      this.#restore();
    });
  }

  /** Takes over from that page as soon as it is gone. */
  watch(session: string): void {
    this.#send({ kind: "watch", session });
  }

  /** The network may be back, or the user: what waits for a token asks again, and what could not be kept is tried. */
  wake(): void {
    this.#line.wake();
    this.#line.tell({ kind: "wake" });
    this.#firstLook.wake();
    if (this.#askTimer !== undefined) {
      this.#askAgainMs = ASK_AGAIN_MS;
      this.#restore();
    }
  }

  report(): Promise<StorageReport> {
    if (this.#line.isAbsent) {
      return Promise.resolve(NOTHING_KEPT);
    }
    return new Promise((resolve) => {
      this.#questionCount += 1;
      this.#questions.set(this.#questionCount, resolve);
      this.#send({ kind: "report", question: this.#questionCount });
    });
  }

  /** Lets go: what is kept stays for the next page, or for another one that is open. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#askTimer);
    this.#firstLook.stop();
    this.#line.close({ kind: "close" });
    this.#answerAll();
  }

  #restore(): void {
    clearTimeout(this.#askTimer);
    this.#askTimer = undefined;
    if (this.#asking || this.#closed) {
      return;
    }
    this.#asking = true;
    Promise.all([this.#options.whoIsIt(), this.#options.compile()])
      .then(([subject, module]) => {
        this.#looks.push(this.#gone.splice(0));
        this.#send({ kind: "restore", module, subject, unreadable: [...this.#unreadable.keys()], readyOnly: false, onWifi: this.#onWifi });
      })
      .catch(() => this.#restoreLater())
      .finally(() => {
        this.#asking = false;
      });
  }

  #restoreLater(): void {
    if (!this.#closed) {
      clearTimeout(this.#askTimer);
      this.#askTimer = setTimeout(() => this.#restore(), this.#askAgainMs);
      this.#askAgainMs = Math.min(2 * this.#askAgainMs, ASK_AGAIN_MOST_MS);
    }
  }

  /** Looks without starting a worker, and without making a database that was not there. Rejects where that can be otherwise later. */
  async #isThereAnything(): Promise<boolean> {
    try {
      const all = await indexedDB.databases?.();
      if (all !== undefined && !all.some(({ name }) => name === DATABASE)) {
        return false;
      }
      const database = new QueueDatabase();
      try {
        return (await transact<number>(database, "uploads", "readonly", (store) => store("uploads").count(inNamespace(this.namespace)))) > 0;
      } finally {
        database.close();
      }
    } catch (thrown) {
      // Storage that is blocked, or that a browser does not have, stays so. Chromium gives what it blocks the name of what
      // may pass (UnknownError): there it is looked again, which costs next to nothing.
      if (thrown instanceof DOMException && thrown.name !== "SecurityError") {
        throw thrown;
      }
      return false;
    }
  }

  /** Unless another page sends it by now. Bytes that no row names go with the next sweep. */
  async #removeRow(clientRef: string): Promise<void> {
    const database = new QueueDatabase();
    try {
      await changeRow(database, [this.namespace, clientRef], ({ holder }) => (holder === this.session ? null : undefined));
    } catch {
      // At worst it is there again with the next page, where it can be discarded again.
    } finally {
      database.close();
    }
  }

  #send(message: ToKeepWorker): void {
    this.#line.send(message);
  }

  /** What was chosen would be lost with the page, also what had been called kept. */
  #nothingIsKept(code: NotKeptCode): void {
    for (const clientRef of this.#held) {
      this.#options.onNotKept(clientRef, code);
    }
  }

  #receive(message: FromKeepWorker): void {
    switch (message.kind) {
      case "ready":
        return;
      case "kept":
        if (this.#held.has(message.clientRef)) {
          this.#kept.add(message.clientRef);
          this.#options.onKept(message.clientRef);
        }
        return;
      case "not-kept":
        if (this.#held.has(message.clientRef)) {
          this.#options.onNotKept(message.clientRef, message.code);
        }
        return;
      case "restored": {
        const { unreadable = [] } = message;
        const isNew = ({ client_ref }: KeptUpload): boolean => !unreadable.includes(client_ref);
        const uploads = message.uploads.filter(({ upload }) => isNew(upload));
        const missing = message.missing.filter(isNew);
        for (const { upload } of uploads) {
          this.#held.add(upload.client_ref);
          this.#kept.add(upload.client_ref);
        }
        for (const { client_ref } of missing) {
          this.#held.add(client_ref);
        }
        this.#options.onRestored(uploads, missing);
        unreadable.forEach((clientRef) => this.#wasReadAgain(clientRef, message));
        this.#looked(this.#looks.shift() ?? [], message.isWhole);
        return;
      }
      case "gone":
        this.#gone.push(message.session);
        this.#restore();
        return;
      case "report":
        this.#questions.get(message.question)?.(message.report);
        this.#questions.delete(message.question);
    }
  }

  /** Where it could not be this time it is tried again with the next look. */
  #wasReadAgain(clientRef: string, { uploads, missing, isWhole }: Extract<FromKeepWorker, { kind: "restored" }>): void {
    const found = uploads.find(({ upload }) => upload.client_ref === clientRef) ?? null;
    const isGone = missing.some(({ client_ref }) => client_ref === clientRef);
    if (isGone) {
      this.#kept.delete(clientRef);
    }
    if (found !== null || isGone || isWhole) {
      this.#unreadable.get(clientRef)?.(found);
      this.#unreadable.delete(clientRef);
    }
  }

  /** For what those tabs, which are gone, have left. */
  #looked(gone: readonly string[], isWhole: boolean): void {
    if (isWhole) {
      gone.forEach((session) => this.#options.onGone(session));
    } else {
      // What they left may be among what could not be read.
      this.#gone.push(...gone);
      this.#restoreLater();
    }
  }

  /** Nobody else will. */
  #answerAll(): void {
    for (const answer of this.#questions.values()) {
      answer(NOTHING_KEPT);
    }
    this.#questions.clear();
  }

  /** Once a page: some browsers ask the user. */
  #askToPersist(): void {
    if (!this.#hasAskedToPersist) {
      this.#hasAskedToPersist = true;
      const { storage } = navigator as Navigator & { storage?: StorageManager };
      void storage?.persist?.().catch(() => false);
    }
  }
}
