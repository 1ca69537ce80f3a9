/**
 * What other tabs of the same queue send: shown here as it is there, and handed over when its tab is gone.
 * Tabs talk over a `BroadcastChannel`; where there is none, each tab shows its own uploads only.
 */
import { cancelled, closedError, fromPlainError, toPlainError, WindlassError, withFile, type PlainError } from "../errors.js";
import { eventsOf, UploadProgressEvent, UploadStateEvent } from "../events.js";
import type { Photo } from "../generated/Photo";
import type { ProgressCounts } from "../generated/ProgressCounts";
import { channelName } from "./database.js";
import { randomName } from "../random-name.js";
import { Upload, type UploadCommands, type UploadOrigin, type UploadState } from "../upload.js";

export type CommandName = "pause" | "resume" | "cancel";

/** What pages, and the service worker, say to each other. */
export type PageMessage =
  /** A tab has come: who is there says so, and what it sends. */
  | { kind: "hello"; from: string }
  /** The service worker asks whether a page is open. */
  | { kind: "worker" }
  | { kind: "present"; from: string }
  | { kind: "upload"; from: string; page: string; told: Told }
  | { kind: "command"; to: string; clientRef: string; command: CommandName };

interface Told {
  clientRef: string;
  filename: string;
  type: string;
  size: number;
  state: UploadState;
  reason: string | null;
  progress: ProgressCounts;
  photo: Photo | null;
  alreadyStored: boolean;
  sameAs: string | null;
  error: PlainError | null;
  isCancelling: boolean;
}

export interface ElsewhereOptions {
  namespace: string;
  /** This tab's name. */
  session: string;
  commands: UploadCommands;
  /** What this tab sends itself. */
  own: () => Iterable<Upload>;
  /** Of all of these together. */
  progress: () => ProgressCounts;
  /** One of another tab's is shown from now on. */
  onAdded: (upload: Upload) => void;
  onCommand: (clientRef: string, command: CommandName) => void;
  /** Tells `onGone` of the keeper when that tab is gone. */
  watch: (session: string) => void;
  dispatch: (event: Event) => void;
}

let ownPage: string | undefined;

/** Names this page: a second client in it is no other tab. */
function thisPage(): string {
  return (ownPage ??= randomName());
}

/** `null` where there is none, or where it is refused: in Gecko, with everything that a site may store. */
function openChannel(namespace: string): BroadcastChannel | null {
  try {
    return new BroadcastChannel(channelName(namespace));
  } catch {
    return null;
  }
}

/** After a tab is gone, another one may have taken over what is not ours now: it is waited for so long. */
const SUCCESSOR_MS = 5_000;

export class Elsewhere {
  readonly #options: ElsewhereOptions;
  #channel: BroadcastChannel | null;
  /** With who sends it, and when that was heard, in milliseconds of `performance.now()`. */
  readonly #shown = new Map<string, { upload: Upload; session: string; heardMs: number }>();
  /** Tabs that are gone as far as the browser can tell, while it is found out who answers for what they sent. */
  readonly #settling = new Set<string>();
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  /** Another tab has been heard. Before, nothing is told: each message goes through the browser's own process. */
  #isHeard = false;
  readonly #watching = new AbortController();

  constructor(options: ElsewhereOptions) {
    this.#options = options;
    this.#channel = openChannel(options.namespace);
    if (this.#channel !== null) {
      this.#channel.onmessage = ({ data }: MessageEvent<PageMessage>) => this.#hear(data);
      this.#greet();
      const again = (event: Event): void => {
        if ((event as PageTransitionEvent).persisted) {
          this.#comeBack();
        }
      };
      globalThis.addEventListener?.("pageshow", again, { signal: this.#watching.signal });
    }
  }

  /** What is shown of other tabs, as far as it has not ended. */
  get uploads(): readonly Upload[] {
    return [...this.#shown.values()].map(({ upload }) => upload);
  }

  /** Tells the others how one of ours stands. */
  tell(upload: Upload): void {
    if (!this.#isHeard) {
      return;
    }
    const { clientRef, filename, type, size, state, reason, progress, photo, alreadyStored, sameAs, error, isCancelling } = upload;
    const told: Told = {
      clientRef,
      filename,
      type,
      size,
      state,
      reason,
      progress,
      photo,
      alreadyStored,
      sameAs,
      error: error === null ? null : toPlainError(error),
      isCancelling,
    };
    this.#post({ kind: "upload", from: this.#options.session, page: thisPage(), told });
  }

  /** Asks the tab that sends it, where that is another one. */
  command(upload: Upload, command: CommandName): void {
    const shown = this.#shown.get(upload.clientRef);
    if (shown?.upload === upload) {
      this.#post({ kind: "command", to: shown.session, clientRef: upload.clientRef, command });
    }
  }

  /** It is ours from now on. */
  takeOver(clientRef: string): Upload | undefined {
    const upload = this.#shown.get(clientRef)?.upload;
    this.#shown.delete(clientRef);
    return upload;
  }

  /**
   * Those of a tab that is gone which nobody took over were not kept: they end here. A tab whose keeping worker does not
   * run, for want of a network or of its script, looks like one that is gone: it is there if it says something.
   */
  settle(session: string): void {
    const goneMs = performance.now();
    this.#settling.add(session);
    this.#greet();
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#settling.delete(session);
      const left = [...this.#shown.values()].filter((shown) => shown.session === session);
      left.filter(({ heardMs }) => heardMs < goneMs).forEach(({ upload }) => this.lost(upload.clientRef));
      if (left.some(({ heardMs }) => heardMs >= goneMs)) {
        this.#options.watch(session);
      }
    }, SUCCESSOR_MS);
    this.#timers.add(timer);
  }

  /** Its tab is gone, and its bytes were not kept: nobody could keep them, or nobody wanted them any more. */
  lost(clientRef: string): void {
    const upload = this.takeOver(clientRef);
    if (upload !== undefined) {
      const { filename: file, isCancelling } = upload;
      const why = "its tab was closed before this browser could keep it. Choose the file again.";
      this.#fail(upload, isCancelling ? cancelled(file) : new WindlassError("file_gone", why, { file }));
    }
  }

  /** Nobody hears any more how those of other tabs get on: here they end, and there they go on. */
  close(): void {
    this.#watching.abort();
    this.#channel?.close();
    this.#channel = null;
    this.#timers.forEach(clearTimeout);
    for (const upload of this.uploads) {
      this.#shown.delete(upload.clientRef);
      this.#fail(upload, withFile(closedError(), upload.filename));
    }
  }

  #post(message: PageMessage): void {
    this.#channel?.postMessage(message);
  }

  #greet(): void {
    this.#post({ kind: "hello", from: this.#options.session });
  }

  /** Out of the browser's cache of pages, where nothing is heard: who has come meanwhile is greeted now. */
  #comeBack(): void {
    this.#greet();
    if (this.#isHeard) {
      this.#tellAll();
    }
  }

  #tellAll(): void {
    this.#isHeard = true;
    for (const upload of this.#options.own()) {
      this.tell(upload);
    }
  }

  #hear(message: PageMessage): void {
    switch (message.kind) {
      case "hello":
        this.#post({ kind: "present", from: this.#options.session });
        this.#tellAll();
        return;
      case "worker":
        this.#post({ kind: "present", from: this.#options.session });
        return;
      case "present":
        if (!this.#isHeard) {
          this.#tellAll();
        }
        return;
      case "command":
        if (message.to === this.#options.session) {
          this.#options.onCommand(message.clientRef, message.command);
        }
        return;
      case "upload":
        this.#isHeard = true;
        this.#show(message.from, message.page === thisPage() ? "here" : "elsewhere", message.told);
    }
  }

  #show(session: string, origin: UploadOrigin, told: Told): void {
    let shown = this.#shown.get(told.clientRef);
    const hasEnded = told.state === "stored" || told.state === "failed" || told.state === "cancelled";
    if (shown === undefined) {
      const isOurs = [...this.#options.own()].some(({ clientRef }) => clientRef === told.clientRef);
      if (isOurs || hasEnded) {
        return;
      }
      const file = new File([], told.filename, { type: told.type });
      shown = {
        upload: new Upload(this.#options.commands, told.clientRef, file, told.filename, { origin, size: told.size }),
        session,
        heardMs: 0,
      };
      this.#shown.set(told.clientRef, shown);
      this.#options.onAdded(shown.upload);
    }
    shown.session = session;
    shown.heardMs = performance.now();
    if (!this.#settling.has(session)) {
      this.#options.watch(session);
    }
    this.#follow(shown.upload, told);
  }

  #follow(upload: Upload, { clientRef, state, reason, progress, photo, alreadyStored, sameAs, error, isCancelling }: Told): void {
    const { dispatch } = this.#options;
    upload.setProgress(progress);
    if (state === "stored" && photo !== null) {
      this.#shown.delete(clientRef);
      upload.succeed(photo, { alreadyStored, sameAs });
      eventsOf(upload).forEach(dispatch);
    } else if (error !== null) {
      this.#shown.delete(clientRef);
      this.#fail(upload, fromPlainError(error, upload.filename));
    } else {
      const isOther = upload.state !== state || upload.reason !== reason || upload.isCancelling !== isCancelling;
      upload.setState(state, reason);
      upload.setCancelling(isCancelling);
      dispatch(isOther ? new UploadStateEvent(upload, state) : new UploadProgressEvent(upload, progress, this.#options.progress()));
    }
  }

  #fail(upload: Upload, error: WindlassError): void {
    upload.fail(error);
    eventsOf(upload).forEach(this.#options.dispatch);
  }
}
