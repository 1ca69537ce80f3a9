/** A device in memory: what its browser stores, and pages that keep files in it. */
import { readFile } from "node:fs/promises";

import type { KeptUpload } from "../src/generated/KeptUpload";
import type { ByteStore } from "../src/keep/bytes.js";
import type { UploadRow } from "../src/keep/database.js";
import { Keeping } from "../src/keep/keeping.js";
import type { FromKeepWorker, StorageReport } from "../src/keep/messages.js";
import type { Sessions } from "../src/keep/sessions.js";
import { FakeDatabase } from "./fake-database.js";
import { settle } from "./fake-worker.js";
import { keptRecord } from "./kept-record.js";

const module = new WebAssembly.Module(await readFile("src/wasm/generated/windlass_upload_bg.wasm"));
const NAMESPACE = "https://photos.example.com p";

/** Bytes in memory. */
class FakeBytes implements ByteStore {
  readonly place = "opfs";
  /** By folder and name. */
  readonly kept = new Map<string, Map<string, Blob>>();
  /** Names that are there and cannot be read. */
  readonly unreadable = new Set<string>();

  async write(folder: string, name: string, bytes: Blob): Promise<void> {
    this.kept.set(folder, (this.kept.get(folder) ?? new Map<string, Blob>()).set(name, bytes));
  }
  async read(folder: string, name: string): Promise<Blob | null> {
    if (this.unreadable.has(name)) {
      throw new DOMException("It could not be read.", "NotReadableError");
    }
    return this.kept.get(folder)?.get(name) ?? null;
  }
  async remove(folder: string): Promise<void> {
    this.kept.delete(folder);
  }
  async folders(): Promise<string[]> {
    return [...this.kept.keys()];
  }
}

/** A browser's storage, and which pages live. */
export class Device {
  readonly database = new FakeDatabase();
  readonly bytes = new FakeBytes();
  /** Those that can be opened. */
  places: ByteStore[] = [this.bytes];
  readonly alive = new Set<string>();
  /** Sessions about which nothing can be said. */
  readonly unclear = new Set<string>();

  /** A file that a page has kept. */
  async keep(ref: string, holder: string | null, change: Partial<KeptUpload> = {}): Promise<void> {
    const bytes = new Blob([`bytes of ${ref}`]);
    const record = keptRecord(ref, bytes, change);
    const row: UploadRow = { namespace: NAMESPACE, ref, holder, folder: `of-${ref}`, record, handle: null };
    this.database.put("uploads", row);
    await this.bytes.write(row.folder, "original", bytes);
  }

  open(session: string): Page {
    this.alive.add(session);
    return new Page(this, session);
  }

  rowOf(ref: string): UploadRow | undefined {
    return this.database.rows<UploadRow>("uploads").find((row) => row.ref === ref);
  }

  holderOf(ref: string): string | null | undefined {
    return this.rowOf(ref)?.holder;
  }
}

export class Page {
  readonly keeping: Keeping;
  readonly told: FromKeepWorker[] = [];

  constructor(device: Device, session: string) {
    const sessions: Sessions = {
      begin: async () => undefined,
      isAlive: async (asked) => {
        if (device.unclear.has(asked)) {
          throw new DOMException("The store was lost.", "UnknownError");
        }
        return device.alive.has(asked);
      },
      whenGone: () => undefined,
      end: async () => void device.alive.delete(session),
    };
    const ground = Promise.resolve({ database: device.database.asDatabase, openPlaces: async () => device.places, sessions });
    this.keeping = new Keeping(NAMESPACE, session, ground, (message) => this.told.push(message));
  }

  async restore(unreadable: string[] = []): Promise<Extract<FromKeepWorker, { kind: "restored" }> | undefined> {
    const before = this.told.length;
    this.keeping.take({ kind: "restore", module, subject: null, unreadable, readyOnly: false, onWifi: null });
    await quiet();
    return this.told.slice(before).find((message) => message.kind === "restored");
  }

  /** Whether that is told within some seconds: a copy waits for its turn. */
  async hears(kind: FromKeepWorker["kind"]): Promise<boolean> {
    const isTold = (): boolean => this.told.some((message) => message.kind === kind);
    for (let turn = 0; turn < 500 && !isTold(); turn += 1) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return isTold();
  }

  async report(): Promise<StorageReport | undefined> {
    this.keeping.take({ kind: "report", question: 1 });
    await quiet();
    return this.told.find((message) => message.kind === "report")?.report;
  }

  async forget(clientRef: string): Promise<void> {
    this.keeping.take({ kind: "forget", clientRef });
    await quiet();
  }
}

/** Until everything that was asked has been done. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) {
    await settle();
  }
}
