/**
 * The clients whose uploads `<windlass-uploader>` lists: the one at hand, and those before it until what they send has
 * ended. What other tabs send is the matter of the one at hand alone.
 */
import type { Windlass } from "../client.js";
import type { WindlassError } from "../errors.js";
import type { Photo } from "../generated/Photo";
import type { NotKeptCode } from "../keep/messages.js";
import type { Upload } from "../upload.js";
import type { UploadList } from "./upload-list.js";

/** Of uploads that are listed. */
export interface WatchEvents {
  /** Another list, or other files to choose again. */
  changed(): void;
  moved(upload: Upload): void;
  cancelled(upload: Upload): void;
  stored(upload: Upload, photo: Photo): void;
  failed(upload: Upload, error: WindlassError): void;
  notKept(upload: Upload, code: NotKeptCode): void;
  /** Whatever was not kept is kept by now. */
  kept(): void;
}

export class ClientWatch {
  readonly #list: UploadList;
  readonly #events: WatchEvents;
  readonly #watched = new Map<Windlass, AbortController>();
  #atHand: Windlass | null = null;
  #isToldSoon = false;

  constructor(list: UploadList, events: WatchEvents) {
    this.#list = list;
    this.#events = events;
  }

  /** The client that the element uses from now on. What it is sending already is listed. */
  use(client: Windlass | null): void {
    const before = this.#atHand;
    if (before === client) {
      return;
    }
    this.#atHand = client;
    for (const shown of before?.elsewhere ?? []) {
      this.#list.forget(shown);
    }
    if (client !== null) {
      this.watch(client);
      this.#listWhatGoesOn(client);
    }
    this.letGo();
    this.#events.changed();
  }

  /** Hears of what it sends, also where it is not the one at hand any more. */
  watch(client: Windlass): void {
    if (this.#watched.has(client)) {
      return;
    }
    const watching = new AbortController();
    this.#watched.set(client, watching);
    const options = { signal: watching.signal };
    const events = this.#events;
    const ifListed = (upload: Upload, tell: () => void): void => {
      if (this.#list.has(upload)) {
        tell();
      }
    };
    client.addEventListener("added", ({ upload }) => this.#added(upload, client), options);
    client.addEventListener("restored", () => events.changed(), options);
    client.addEventListener("progress", ({ upload }) => ifListed(upload, () => events.moved(upload)), options);
    client.addEventListener("statechange", ({ upload }) => ifListed(upload, () => this.#stateChanged(upload, client)), options);
    client.addEventListener("photo", ({ upload, photo }) => ifListed(upload, () => events.stored(upload, photo)), options);
    client.addEventListener("error", ({ upload, error }) => ifListed(upload, () => events.failed(upload, error)), options);
    client.addEventListener("warning", ({ upload, code }) => ifListed(upload, () => events.notKept(upload, code)), options);
    client.addEventListener("kept", () => events.kept(), options);
  }

  /** A client before the one at hand is heard to the end of what it sends, and then keeps the element in memory no longer. */
  letGo(): void {
    for (const [client, watching] of this.#watched) {
      if (client !== this.#atHand && !this.#list.waitsFor(client)) {
        watching.abort();
        this.#watched.delete(client);
      }
    }
  }

  #added(upload: Upload, client: Windlass): void {
    if (client === this.#atHand) {
      this.#list.add(upload, client);
      // What an earlier page has left comes at once, hundreds of files perhaps: the summary is written when all are there.
      if (!this.#isToldSoon) {
        this.#isToldSoon = true;
        queueMicrotask(() => {
          this.#isToldSoon = false;
          this.#events.changed();
        });
      }
    }
  }

  #stateChanged(upload: Upload, client: Windlass): void {
    if (upload.state !== "cancelled") {
      this.#events.moved(upload);
      return;
    }
    this.#events.cancelled(upload);
    if (upload.error?.code === "closed" && this.#atHand !== null && this.#atHand !== client) {
      // Its client was closed under way. The one at hand has seen it in the same queue, and takes it over.
      this.#listWhatGoesOn(this.#atHand, upload.clientRef);
    }
    this.letGo();
  }

  /** Everything, or the file of one name in the queue. */
  #listWhatGoesOn(client: Windlass, clientRef: string | null = null): void {
    for (const upload of [...client.uploads, ...client.elsewhere]) {
      if (!upload.ended && (clientRef === null || upload.clientRef === clientRef)) {
        this.#list.add(upload, client);
      }
    }
  }
}
