/**
 * What makes an upload outlive its page, in one place for the client: keeping files, finding them again,
 * other tabs, the question before a page is left, and the screen that stays on.
 */
import {
  UploadAddedEvent,
  UploadsKeptEvent,
  UploadsRestoredEvent,
  UploadWarningEvent,
  type MissingFile,
} from "../events.js";
import { isAboutTheFile, WindlassError } from "../errors.js";
import { canBeRead } from "../files.js";
import type { KeptUpload } from "../generated/KeptUpload";
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { ProgressCounts } from "../generated/ProgressCounts";
import type { OriginalsPolicy, WindlassOptions } from "../options.js";
import { LeaveGuard } from "../page.js";
import type { TokenSource } from "../token.js";
import { Upload, type UploadCommands } from "../upload.js";
import type { FileDescription } from "../wasm/upload.js";
import { compileUploadModule } from "../wasm/upload.js";
import { startKeepWorker } from "../workers/start.js";
import { Awake, type ScreenNeed } from "./awake.js";
import { Elsewhere, type CommandName } from "./elsewhere.js";
import { Background } from "./background.js";
import { Keeper } from "./keeper.js";
import type { NotKeptCode, Restored, StorageReport } from "./messages.js";
import { subjectOf } from "./subject.js";

/** What is stored by then need not be kept. */
const SOON_MS = 3_000;
const SAY_SOON_MS = 200;
/** So often what is kept of a file goes in its place: each time a phone lets go of it in the background. */
const READ_AGAIN_MOST = 10;
/** After so many pages that came back to a file and ended over it, no smaller pictures are made of it. */
const INTERRUPTED_MOST = 2;

export interface SurvivalOptions {
  options: WindlassOptions;
  /** Absolute. */
  endpoint: string;
  tokens: TokenSource;
  commands: UploadCommands;
  /** What this client sends. */
  own: () => Upload[];
  /** Of all of these together. */
  progress: () => ProgressCounts;
  /** Sends what was found. */
  goOn: (upload: Upload, found: Restored) => void;
  /** Nothing was found in place of a file that cannot be read. */
  fail: (clientRef: string, error: WindlassError) => void;
  dispatch: (event: Event) => void;
}

export class Survival {
  readonly #options: SurvivalOptions;
  readonly #keeper: Keeper | null;
  readonly #elsewhere: Elsewhere | null;
  readonly #leaving = new LeaveGuard();
  readonly #awake = new Awake();
  readonly #background: Background | null;
  /** What would be lost with the page. */
  readonly #unkept = new Set<string>();
  /** What of it cannot be kept, as far as is known, and why. */
  readonly #notKept = new Map<string, Set<NotKeptCode>>();
  /** How often what is kept of them went in place of their files. */
  readonly #timesReadAgain = new WeakMap<Upload, number>();
  /** Files an earlier page could not keep. */
  #missing: readonly KeptUpload[] = [];
  #hasWarned = false;
  #saidSoonAt = 0;
  #closed = false;

  constructor(options: SurvivalOptions) {
    this.#options = options;
    const { keep, resume } = options.options;
    this.#keeper = keep === false ? null : this.#openKeeper();
    const { serviceWorkerUrl } = options.options;
    this.#background = serviceWorkerUrl === undefined ? null : new Background(serviceWorkerUrl);
    this.#elsewhere = this.#keeper === null || resume === false ? null : this.#openElsewhere(this.#keeper);
  }

  /** Goes on with what earlier pages have left, as soon as it is found. */
  resume(): void {
    if (this.#options.options.resume !== false) {
      void this.#keeper?.resume();
    }
  }

  /** A new token came: it says who is signed in. */
  signedIn(token: string): void {
    const subject = this.#options.options.subject ?? subjectOf(token);
    if (subject !== null) {
      this.#keeper?.setSubject(subject);
    }
  }

  /** What other tabs send. */
  get elsewhere(): readonly Upload[] {
    return this.#elsewhere?.uploads ?? [];
  }

  /** Files an earlier page could not keep, and that were not chosen again. */
  get missing(): readonly MissingFile[] {
    return this.#missing.map(({ filename, size_bytes: size }) => ({ filename, size }));
  }

  /** The name under which an earlier page had begun with this file, which it could not keep. */
  begunBefore(file: Blob, filename: string, clientRef: string | undefined): string | undefined {
    const kept = this.#missing.find(
      ({ client_ref, filename: name, size_bytes, last_modified_ms }) =>
        size_bytes === file.size &&
        (clientRef === undefined
          ? name === filename && file instanceof File && last_modified_ms === file.lastModified
          : client_ref === clientRef),
    );
    if (kept !== undefined) {
      this.#missing = this.#missing.filter((missing) => missing !== kept);
      return kept.client_ref;
    }
    // Saved anew since then it is not the very file that was begun with, and need not be asked for either.
    const chosen = this.#missing.find((missing) => missing.filename === filename && missing.size_bytes === file.size);
    if (chosen !== undefined) {
      this.forget(chosen.client_ref);
    }
    return undefined;
  }

  /** A file was chosen: it is kept, and until it is, leaving the page would lose it. */
  begin({ clientRef, file, filename }: Upload, again: boolean, handle: FileSystemFileHandle | undefined): void {
    if (this.#keeper?.isKept(clientRef)) {
      // One that failed and is tried again: what is kept of it may be all there is. It may have been paused before.
      this.#keeper.setPaused(clientRef, false);
      return;
    }
    this.#setUnkept(clientRef, true);
    this.#keeper?.add(clientRef, file, filename, again, handle);
  }

  prepared(clientRef: string, description: FileDescription, warnings: readonly MetadataWarning[]): void {
    this.#keeper?.prepared(clientRef, description, warnings);
  }

  /**
   * For the making of smaller pictures of a file that an earlier page has left: that may have been what ended it, as on a
   * phone that runs out of memory, and would end each page after it, with all that waits behind the file.
   */
  guard(clientRef: string, interrupted: number | null): { endsPages?: boolean; onWork?: (isAtWork: boolean) => void } {
    if (interrupted === null) {
      return {};
    }
    // Where another module makes them, a worker begins several times in one page.
    const onWork = (isAtWork: boolean): void => this.#keeper?.setInterrupted(clientRef, isAtWork ? interrupted + 1 : 0);
    return { endsPages: interrupted >= INTERRUPTED_MOST, onWork };
  }

  paused(clientRef: string, paused: boolean): void {
    this.#keeper?.setPaused(clientRef, paused);
  }

  /** Something about one of ours has changed: the other tabs hear of it. */
  tell(upload: Upload): void {
    this.#elsewhere?.tell(upload);
  }

  /** Everything is stored in so many milliseconds, as things go; `null` while nobody knows. */
  endsIn(remainingMs: number | null): void {
    const now = performance.now();
    if (remainingMs !== null && remainingMs <= SOON_MS && this.#unkept.size > 0 && now - this.#saidSoonAt > SAY_SOON_MS) {
      this.#saidSoonAt = now;
      this.#keeper?.soon();
    }
  }

  /**
   * It is about to fail. Where only its file cannot be read any more, and all of it is kept, that goes in the file's
   * place: a phone lets go of files in the background, a card is taken out. Whether that is tried.
   */
  readsAgain(upload: Upload, error: WindlassError): boolean {
    const { code } = error;
    const times = this.#timesReadAgain.get(upload) ?? 0;
    if ((code !== "file_gone" && code !== "file_changed") || times >= READ_AGAIN_MOST || !this.#keeper?.isKept(upload.clientRef)) {
      return false;
    }
    this.#timesReadAgain.set(upload, times + 1);
    void this.#readAgain(this.#keeper, upload, error);
    return true;
  }

  /** Throws where no picture came of a file that is kept and cannot be read any more: they are made of the copy. */
  async mustBeReadable({ clientRef, file, filename }: Upload, { variants = [] }: FileDescription): Promise<void> {
    if (variants.length === 0 && this.#keeper?.isKept(clientRef) && !(await canBeRead(file))) {
      throw new WindlassError("file_gone", "It was deleted or moved, or this page may not read it any more.", { file: filename });
    }
  }

  /** It ended here. What is kept of a file that was not sent stays until it is, or until nobody wants it: whether it does. */
  ended(upload: Upload): boolean {
    const { clientRef, state, error } = upload;
    this.#setUnkept(clientRef, false);
    const isThere = error?.code !== "file_gone" || this.#keeper?.isKept(clientRef) === true;
    const isOver = state !== "failed" || error === null || isAboutTheFile(error) || !isThere;
    if (isOver) {
      this.forget(clientRef);
    }
    this.tell(upload);
    return !isOver && this.#keeper !== null;
  }

  /** Nothing of it is wanted any more. */
  forget(clientRef: string): void {
    this.#isNotMissing(clientRef);
    this.#keeper?.forget(clientRef);
  }

  /** Asks the tab that sends it. */
  command(upload: Upload, command: CommandName): void {
    this.#elsewhere?.command(upload, command);
  }

  /** One that is not under way here: asks the tab that sends it; of one that failed nothing is kept any longer. */
  cancel(upload: Upload): void {
    if (upload.state === "failed") {
      this.#isNotMissing(upload.clientRef);
      this.#keeper?.discard(upload.clientRef);
    } else {
      this.command(upload, "cancel");
    }
  }

  /** When originals go has changed: whoever goes on when this page is gone is to know. */
  setOriginals(policy: OriginalsPolicy): void {
    this.#keeper?.setOnWifi(policy === "on-wifi");
  }

  /** While anything is on its way the screen stays on; while nothing comes further, not for ever. */
  needScreen(need: ScreenNeed, cameFurther: boolean): void {
    this.#awake.want(this.#options.options.wakeLock === false ? "none" : need, cameFurther);
  }

  wake(): void {
    this.#keeper?.wake();
  }

  async report(): Promise<StorageReport | null> {
    return (await this.#keeper?.report()) ?? null;
  }

  /** Lets go of everything; what is kept stays. */
  close(): void {
    this.#closed = true;
    this.#keeper?.close();
    this.#elsewhere?.close();
    this.#awake.close();
    this.#background?.close();
  }

  #openKeeper(): Keeper {
    const { options, endpoint, tokens } = this.#options;
    const keeper = new Keeper({
      startWorker: startKeepWorker,
      compile: compileUploadModule,
      endpoint,
      project: options.project,
      onWifi: options.originals === "on-wifi",
      whoIsIt: async () => options.subject ?? subjectOf(await tokens.get()),
      // At once: the service worker has let go of it for this page, which may be gone before it can go on.
      onFound: () => this.#background?.wanted(),
      onKept: (clientRef) => {
        this.#keptAfterAll(clientRef);
        this.#background?.wanted();
      },
      onNotKept: (clientRef, code) => this.#warn(clientRef, code),
      onRestored: (uploads, missing) => this.#restored(uploads, missing),
      onGone: (session) => this.#elsewhere?.settle(session),
    });
    if (options.subject !== undefined) {
      keeper.setSubject(options.subject);
    }
    return keeper;
  }

  #openElsewhere(keeper: Keeper): Elsewhere {
    const { commands, own, dispatch } = this.#options;
    return new Elsewhere({
      namespace: keeper.namespace,
      session: keeper.session,
      commands,
      own,
      progress: this.#options.progress,
      onAdded: (upload) => dispatch(new UploadAddedEvent(upload)),
      onCommand: (clientRef, command) => own().find((upload) => upload.clientRef === clientRef)?.[command](),
      watch: (session) => keeper.watch(session),
      dispatch,
    });
  }

  #restored(found: readonly Restored[], missing: readonly KeptUpload[]): void {
    const { commands, own, goOn, dispatch } = this.#options;
    const ours = new Set(own().map(({ clientRef }) => clientRef));
    const uploads: Upload[] = [];
    for (const restored of found) {
      const { client_ref: clientRef, filename } = restored.upload;
      // Whoever heard of the one before it may have closed the client: it is the next one's.
      if (ours.has(clientRef) || this.#closed) {
        continue;
      }
      const shown = this.#elsewhere?.takeOver(clientRef);
      const upload = shown ?? new Upload(commands, clientRef, restored.file, filename, { origin: "before" });
      shown?.takeOver(restored.file);
      uploads.push(upload);
      goOn(upload, restored);
      if (shown?.isCancelling) {
        // Its tab was gone before it could forget it.
        shown.cancel();
      }
      if (shown === undefined) {
        dispatch(new UploadAddedEvent(upload));
      }
      this.tell(upload);
    }
    const lost = missing.filter(({ client_ref }) => !ours.has(client_ref));
    for (const { client_ref } of lost) {
      this.#elsewhere?.lost(client_ref);
    }
    this.#missing = [...this.#missing, ...lost];
    if (uploads.length > 0) {
      this.#background?.wanted();
    }
    if (uploads.length > 0 || lost.length > 0) {
      dispatch(new UploadsRestoredEvent(uploads, this.missing));
    }
  }

  async #readAgain(keeper: Keeper, upload: Upload, error: WindlassError): Promise<void> {
    // A browser that reads on where a file was changed may have made the copy of what it is now; the others refuse.
    const wasChanged = error.code === "file_changed" && (await canBeRead(upload.file));
    const found = wasChanged ? null : await keeper.readAgain(upload.clientRef);
    if (upload.ended) {
      return;
    }
    if (found === null) {
      this.#timesReadAgain.set(upload, READ_AGAIN_MOST);
      this.#options.fail(upload.clientRef, error);
    } else {
      upload.takeOver(found.file, upload.origin);
      this.#options.goOn(upload, found);
    }
  }

  #isNotMissing(clientRef: string): void {
    this.#missing = this.#missing.filter(({ client_ref: missing }) => missing !== clientRef);
  }

  #warn(clientRef: string, code: NotKeptCode): void {
    const upload = this.#options.own().find((own) => own.clientRef === clientRef);
    if (upload === undefined) {
      return;
    }
    this.#setUnkept(clientRef, true);
    this.#notKept.set(clientRef, (this.#notKept.get(clientRef) ?? new Set()).add(code));
    // One is enough where nothing can be kept; a full device concerns each file.
    if (code === "storage_full" || !this.#hasWarned) {
      this.#hasWarned = true;
      upload.warn({ code, message: "This browser could not keep the file. Keep this page open until it is stored." });
      this.#options.dispatch(new UploadWarningEvent(upload, code));
    }
  }

  #keptAfterAll(clientRef: string): void {
    const upload = this.#options.own().find((own) => own.clientRef === clientRef);
    this.#notKept.get(clientRef)?.forEach((code) => upload?.withdraw(code));
    this.#setUnkept(clientRef, false);
  }

  /** While anything would be lost with the page, and only then, the browser asks before it is left. */
  #setUnkept(clientRef: string, unkept: boolean): void {
    if (this.#unkept.has(clientRef) === unkept) {
      return;
    }
    if (unkept) {
      this.#unkept.add(clientRef);
      this.#leaving.hold();
    } else {
      this.#unkept.delete(clientRef);
      this.#leaving.release();
      if (this.#notKept.delete(clientRef) && this.#notKept.size === 0) {
        this.#hasWarned = false;
        this.#options.dispatch(new UploadsKeptEvent());
      }
    }
  }
}
