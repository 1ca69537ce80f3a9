/**
 * The keeping worker's work. One row an upload in the database, its bytes beside it; each row is held by
 * one session, and only a session that is dead loses its rows to another. What to do with a row that was
 * found is the core's decision (`planResume`).
 */
import type { KeptDescription } from "../generated/KeptDescription";
import type { KeptUpload } from "../generated/KeptUpload";
import type { Resumption } from "../generated/Resumption";
import { randomName } from "../random-name.js";
import initUpload, { planResume } from "../wasm/generated/windlass_upload.js";
import { isKeptAs, ORIGINAL, readBeside, restoredFrom, sizesOf, type Beside } from "./beside.js";
import type { ByteStore } from "./bytes.js";
import { CopyQueue } from "./copy-queue.js";
import { putUnlessHeld, rowsOf, transact, type UploadRow } from "./database.js";
import type { FromKeepWorker, NotKeptCode, ToKeepWorker } from "./messages.js";
import type { Ground } from "./ground.js";
import { OwnRows } from "./own-rows.js";
import { isFull, sweep, writeSomewhere } from "./places.js";
import { reportOf } from "./report.js";
import type { Sessions } from "./sessions.js";
import { Uncopied } from "./uncopied.js";

type Asked = Extract<ToKeepWorker, { kind: "restore" }>;
type Found = Extract<FromKeepWorker, { kind: "restored" }>;

export class Keeping {
  readonly #namespace: string;
  readonly #session: string;
  readonly #tell: (message: FromKeepWorker) => void;
  readonly #ground: Promise<Ground>;
  readonly #rows: OwnRows;
  readonly #copies = new CopyQueue();
  /** The folders of what this page sends. */
  readonly #folders = new Map<string, string>();
  /** Those of them that may have bytes in them. */
  readonly #written = new Set<string>();
  /** The folders of what nobody wants any more, as long as their rows may be there, with its name. */
  readonly #forgotten = new Map<string, string>();
  readonly #uncopied = new Uncopied();
  readonly #watched = new Set<string>();
  /** What concerns the rows is done in the order it came. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(namespace: string, session: string, ground: Promise<Ground>, tell: (message: FromKeepWorker) => void) {
    this.#namespace = namespace;
    this.#session = session;
    this.#tell = tell;
    this.#ground = ground;
    this.#rows = new OwnRows(namespace, session, ground);
    // Told to every file that is to be kept.
    this.#ground.catch(() => undefined);
  }

  take(message: Exclude<ToKeepWorker, { kind: "start" | "close" }>): void {
    switch (message.kind) {
      case "keep":
        this.#keep(message);
        return;
      case "prepared":
        this.#keepVariants(message.clientRef, message.prepared, message.variants);
        return;
      case "originals":
        this.#changeAll((row) => ({ ...row, onWifi: message.onWifi }));
        return;
      case "paused":
        this.#change(message.clientRef, (record) => ({ ...record, paused: message.paused }));
        return;
      case "at-work":
        this.#inOrder(() => this.#rows.setInterrupted(message.clientRef, message.interrupted));
        return;
      case "subject":
        this.#changeAll((row) => ({ ...row, record: { ...row.record, subject: row.record.subject ?? message.subject } }));
        return;
      case "forget":
        this.#forget(message.clientRef);
        return;
      case "soon":
        this.#copies.calm();
        return;
      case "wake":
        this.#uncopied.copyNext();
        return;
      case "restore":
        this.#inOrder(() => this.#restore(message));
        return;
      case "watch":
        this.#inOrder(async () => this.#watch((await this.#ground).sessions, message.session));
        return;
      case "report":
        void reportOf(this.#ground, this.#namespace).then((report) => this.#tell({ kind: "report", question: message.question, report }));
    }
  }

  /** Does what was asked before, and lets go of its rows: others may take over. */
  async end(): Promise<void> {
    this.#copies.stop();
    this.#inOrder(() => this.#removeForgotten());
    await this.#last;
    await (await this.#ground).sessions.end();
  }

  #keep({ upload, file, handle, onWifi }: Extract<ToKeepWorker, { kind: "keep" }>): void {
    const ref = upload.client_ref;
    const before = this.#folders.get(ref);
    const folder = randomName();
    this.#folders.set(ref, folder);
    this.#uncopied.delete(ref);
    this.#inOrder(async () => {
      try {
        if (await this.#rows.isAnotherPersons(upload)) {
          throw new Error("What another person chose is kept under this name.");
        }
        // What an earlier page has left of it may have been found since this was asked for.
        const mayBeKept = before !== undefined || this.#folders.get(ref) !== folder;
        if (mayBeKept && (await this.#isKeptAlready(upload, folder, onWifi))) {
          this.#tell({ kind: "kept", clientRef: ref });
          return;
        }
        if (before !== undefined) {
          // A try before this one may be being copied: what comes of that is not to be written over once it counts as whole.
          this.#forgotten.set(before, ref);
          await this.#removeForgotten().catch(() => undefined);
        }
        const { database, sessions } = await this.#ground;
        const row: UploadRow = { namespace: this.#namespace, ref, holder: this.#session, folder, record: upload, handle, onWifi };
        let holder = await putUnlessHeld(database, row, null);
        while (holder !== null) {
          // Another page keeps the file under this very name: its copy is not to be replaced.
          if ((await sessions.isAlive(holder)) || (await this.#isKeptAlready(upload, folder, onWifi))) {
            this.#tell({ kind: "kept", clientRef: ref });
            return;
          }
          holder = await putUnlessHeld(database, row, holder);
        }
      } catch (thrown) {
        this.#notKept(ref, thrown);
        return;
      }
      this.#copyOriginal(ref, folder, file);
    });
  }

  /**
   * Whether all of it is kept under its name, by an earlier page or a try before this one; then that goes on. The file that
   * was chosen may be that very copy, which is not to be removed for another one of it.
   */
  async #isKeptAlready(upload: KeptUpload, folder: string, onWifi: boolean): Promise<boolean> {
    const ref = upload.client_ref;
    const row = await this.#rows.read(ref);
    if (row !== undefined && row.folder === this.#folders.get(ref)) {
      // It was found since then.
      this.#folders.set(ref, folder);
    }
    if (row === undefined || !isKeptAs(row.record, upload) || this.#forgotten.has(row.folder) || (await this.#rows.isAnothers(row))) {
      return false;
    }
    // What cannot be read this time stays what is kept.
    const { original } = await readBeside(await (await this.#ground).openPlaces(), row).catch(() => ({ original: undefined }));
    const record = { ...row.record, paused: upload.paused, again: upload.again, subject: upload.subject ?? row.record.subject };
    if (original === null || !(await this.#rows.claim({ ...row, record, onWifi }))) {
      return false;
    }
    this.#written.add(row.folder);
    const now = this.#folders.get(ref);
    if (now === folder) {
      this.#folders.set(ref, row.folder);
    } else if (now === undefined) {
      // Nobody wants it any more by now.
      this.#forgotten.set(row.folder, ref);
    }
    return true;
  }

  #copyOriginal(ref: string, folder: string, file: Blob, isRepeated = false): void {
    const then = async (place: ByteStore["place"]): Promise<void> => {
      this.#uncopied.delete(ref);
      if (await this.#rows.update(ref, (record) => ({ ...record, bytes: place }), "strict")) {
        this.#tell({ kind: "kept", clientRef: ref });
        this.#uncopied.copyNext();
      } else {
        // No later page would find these bytes.
        this.#notKept(ref, new Error("The browser has cleared what was kept here."));
      }
    };
    this.#copy(ref, folder, ORIGINAL, file, then, async (thrown) => {
      // Whether or not the handle could be: the file itself is not kept.
      await this.#rows.keepHandle(ref).catch(() => undefined);
      // Unless nobody wants it any more.
      if (this.#folders.get(ref) === folder) {
        isRepeated || this.#notKept(ref, thrown);
        this.#uncopied.add(ref, file.size, () => this.#copyOriginal(ref, folder, file, true));
      }
    });
  }

  #keepVariants(ref: string, prepared: KeptDescription, variants: Blob[]): void {
    const folder = this.#folders.get(ref);
    if (folder === undefined) {
      return;
    }
    const rest = [...variants.entries()];
    const next = (): void => {
      const entry = rest.shift();
      if (entry === undefined) {
        this.#change(ref, (record) => ({ ...record, prepared }));
      } else {
        this.#copy(ref, folder, String(entry[0]), entry[1], async () => next());
      }
    };
    this.#inOrder(async () => {
      // Its row is there by now: a folder without one is swept.
      if (this.#folders.get(ref) === folder) {
        next();
      }
    });
  }

  /** Copies when its turn comes. Smaller pictures that cannot be kept are made again: of them nobody is told. */
  #copy(
    ref: string,
    folder: string,
    name: string,
    bytes: Blob,
    then: (place: ByteStore["place"]) => Promise<void>,
    failed: (thrown: unknown) => Promise<void> = async () => undefined,
  ): void {
    const isWanted = (): boolean => this.#folders.get(ref) === folder;
    this.#copies.add(bytes.size, isWanted, async () => {
      this.#written.add(folder);
      try {
        const { openPlaces } = await this.#ground;
        const place = await writeSomewhere(await openPlaces(), folder, name, bytes, isWanted);
        isWanted() && (await then(place));
      } catch (thrown) {
        if (isWanted()) {
          await failed(thrown);
        }
      }
      if (!isWanted()) {
        // It ended while it was copied, when its folder could not be removed. In its turn: what is tried again may go on with it.
        this.#inOrder(async () => isWanted() || (await this.#removeBytes(ref, folder)));
      }
    });
  }

  #notKept(ref: string, thrown: unknown): void {
    const code: NotKeptCode = isFull(thrown) ? "storage_full" : "storage_unavailable";
    const message = thrown instanceof Error || thrown instanceof DOMException ? thrown.message : String(thrown);
    this.#tell({ kind: "not-kept", clientRef: ref, code, message });
  }

  #forget(ref: string): void {
    const folder = this.#folders.get(ref);
    if (folder !== undefined) {
      this.#folders.delete(ref);
      this.#uncopied.delete(ref);
      this.#forgotten.set(folder, ref);
      this.#inOrder(() => this.#removeForgotten());
    }
  }

  /** What cannot be removed is tried again after whatever is done next: the next page would send it. */
  async #removeForgotten(): Promise<void> {
    for (const [folder, ref] of this.#forgotten) {
      await this.#rows.remove(ref, folder).catch(async (thrown: unknown) => {
        if (!isFull(thrown)) {
          throw thrown;
        }
        // There is not even room to write that it is gone: its bytes make some.
        await this.#removeBytes(ref, folder);
        await this.#rows.remove(ref, folder);
      });
      this.#forgotten.delete(folder);
      this.#rows.removed(ref);
      if (this.#written.delete(folder)) {
        await this.#removeBytes(ref, folder);
        this.#uncopied.copyNext();
      }
    }
  }

  /** Of what nobody wants any more; unless another page's row names the folder, which has taken it over and reads them. */
  async #removeBytes(ref: string, folder: string): Promise<void> {
    const { openPlaces } = await this.#ground;
    const row = await this.#rows.read(ref);
    if (row?.folder !== folder || this.#rows.isOurs(row)) {
      await Promise.all((await openPlaces()).map((place) => place.remove(folder)));
    }
  }

  /** Whatever goes wrong, it is told what was found: somebody waits for it. */
  async #restore(asked: Asked): Promise<void> {
    const found: Found = { kind: "restored", uploads: [], missing: [], unreadable: asked.unreadable ?? [], elsewhere: 0, isWhole: true };
    try {
      const ground = await this.#ground;
      const places = await ground.openPlaces();
      // First: what dead pages left half written may be the room that is lacking now.
      await sweep(places, () => this.#namedFolders(ground)).catch(() => undefined);
      await initUpload({ module_or_path: asked.module });
      for (const row of await rowsOf(ground.database, this.#namespace)) {
        await this.#restoreRow(ground, places, row, asked, found).catch(() => {
          found.isWhole = false;
        });
      }
    } catch {
      found.isWhole = false;
    }
    found.uploads.sort((a, b) => a.upload.chosen_at_ms - b.upload.chosen_at_ms);
    this.#tell(found);
  }

  async #restoreRow({ sessions }: Ground, places: ByteStore[], row: UploadRow, asked: Asked, found: Found): Promise<void> {
    const { subject, readyOnly } = asked;
    if (this.#rows.isOurs(row)) {
      if (!found.unreadable?.includes(row.ref)) {
        return;
      }
    } else if (row.holder !== null && (await sessions.isAlive(row.holder))) {
      this.#watch(sessions, row.holder);
      found.elsewhere += 1;
      return;
    }
    const planWith = (beside: Beside): Resumption => planResume(row.record, sizesOf(beside), { subject, now_ms: Date.now() }) as Resumption;
    // What is not ours to touch is so whatever lies beside it: nobody waits until that can be read.
    if (planWith({ original: null, variants: [] }).next === "leave") {
      return;
    }
    // Before it is ours: a row whose bytes cannot be read this time stays as it is, and is looked at again.
    const beside = await readBeside(places, row);
    const plan = planWith(beside);
    const isReady = plan.next === "send" && !plan.upload.paused;
    if (plan.next === "leave" || (readyOnly && !isReady)) {
      return;
    }
    // Where its bytes are stays written down unless they are gone: a handle may be allowed later.
    const isGone = beside.original === null && row.record?.bytes !== "handle";
    const bytes = isGone ? "none" : row.record.bytes;
    const record = "upload" in plan ? { ...plan.upload, bytes, subject: plan.upload.subject ?? subject } : row.record;
    const onWifi = asked.onWifi ?? row.onWifi ?? false;
    if (!(await this.#rows.claim({ ...row, record, onWifi }))) {
      return;
    }
    this.#folders.set(row.ref, row.folder);
    this.#written.add(row.folder);
    if (plan.next === "discard") {
      this.#forget(row.ref);
    } else if (plan.next === "choose_again" || beside.original === null) {
      found.missing.push(plan.upload);
    } else {
      found.uploads.push(restoredFrom(plan.upload, beside.original, beside.variants, { ...row, onWifi }));
    }
  }

  #watch(sessions: Sessions, session: string): void {
    if (session !== this.#session && !this.#watched.has(session)) {
      this.#watched.add(session);
      sessions.whenGone(session, () => {
        this.#watched.delete(session);
        this.#tell({ kind: "gone", session });
      });
    }
  }

  /** Of all queues. */
  async #namedFolders({ database }: Ground): Promise<Set<string>> {
    const rows = await transact<UploadRow[]>(database, "uploads", "readonly", (store) => store("uploads").getAll());
    return new Set([...rows.map(({ folder }) => folder), ...this.#folders.values()]);
  }

  /** Changes a record that is ours, in its turn. */
  #change(ref: string, change: (record: KeptUpload) => KeptUpload): void {
    this.#inOrder(() => this.#rows.update(ref, change));
  }

  /** Changes every row that is ours by then: a `restore` that was asked for before may claim some first. */
  #changeAll(change: (row: UploadRow) => UploadRow): void {
    this.#inOrder(async () => {
      for (const ref of [...this.#folders.keys()]) {
        await this.#rows.updateRow(ref, change).catch(() => undefined);
      }
    });
  }

  /** A failure concerns that one wish: at worst something is made or sent again. */
  #inOrder(work: () => Promise<unknown>): void {
    this.#last = this.#last.then(work).then(() => this.#removeForgotten()).catch(() => undefined);
  }
}
