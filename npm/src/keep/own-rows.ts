/** The rows of the queue that this page's session holds: nobody else changes them while it lives. */
import type { KeptUpload } from "../generated/KeptUpload";
import { changeRow, readRow, type Key, type UploadRow } from "./database.js";
import type { Ground } from "./ground.js";
import { isFull } from "./places.js";

export class OwnRows {
  readonly #namespace: string;
  readonly #session: string;
  readonly #ground: Promise<Ground>;
  /** Rows that are ours though the device had no room to write it: by name, the dead session that is written there. */
  readonly #unclaimed = new Map<string, string | null>();

  constructor(namespace: string, session: string, ground: Promise<Ground>) {
    this.#namespace = namespace;
    this.#session = session;
    this.#ground = ground;
  }

  key(ref: string): Key {
    return [this.#namespace, ref];
  }

  /** The row of that name, whoever holds it. */
  async read(ref: string): Promise<UploadRow | undefined> {
    return readRow((await this.#ground).database, this.key(ref));
  }

  isOurs({ ref, holder }: UploadRow): boolean {
    return holder === this.#session || holder === this.#unclaimed.get(ref);
  }

  /** Whether a page that is open holds it, and it is not this one. */
  async isAnothers(row: UploadRow): Promise<boolean> {
    return !this.isOurs(row) && row.holder !== null && (await (await this.#ground).sessions.isAlive(row.holder));
  }

  /** Whether what earlier pages have left under its name is known to be another person's: an application may give both one. */
  async isAnotherPersons({ client_ref: ref, subject }: KeptUpload): Promise<boolean> {
    const row = subject === null ? undefined : await this.read(ref);
    const whose = row === undefined || this.isOurs(row) ? null : row.record?.subject;
    return typeof whose === "string" && whose !== subject;
  }

  /**
   * Makes the row ours, unless another page was faster. Where there is not even room to write that down it is sent all
   * the same: only that makes room, and should another page do so too, the service knows both by one reference.
   */
  async claim({ ref, holder, record, onWifi = false }: UploadRow): Promise<boolean> {
    const { database } = await this.#ground;
    let ours = false;
    try {
      await changeRow(database, this.key(ref), (row) => {
        // Ours already where this is done once more.
        ours = row.holder === holder || row.holder === this.#session;
        return ours ? { ...row, holder: this.#session, record, onWifi } : undefined;
      });
    } catch (thrown) {
      if (!isFull(thrown)) {
        throw thrown;
      }
      this.#unclaimed.set(ref, holder);
    }
    return ours;
  }

  /** Removes the row of that folder, if it is ours. */
  async remove(ref: string, folder: string): Promise<void> {
    const { database } = await this.#ground;
    await changeRow(database, this.key(ref), (row) => (row.folder === folder && this.isOurs(row) ? null : undefined));
  }

  /** It is removed for good. */
  removed(ref: string): void {
    this.#unclaimed.delete(ref);
  }

  /** The browser may ask the user before it reads the file again, so the page had better stay open all the same. */
  async keepHandle(ref: string): Promise<void> {
    const { database } = await this.#ground;
    await changeRow(database, this.key(ref), (row) =>
      row.holder === this.#session && row.handle ? { ...row, record: { ...row.record, bytes: "handle" } } : undefined,
    );
  }

  /** How many pages in a row have ended while they made its smaller pictures, should this one not live to say anything else. */
  setInterrupted(ref: string, interrupted: number): Promise<boolean> {
    return this.updateRow(ref, (row) => ({ ...row, interrupted }));
  }

  update(ref: string, change: (record: KeptUpload) => KeptUpload, durability?: IDBTransactionDurability): Promise<boolean> {
    return this.updateRow(ref, (row) => ({ ...row, record: change(row.record) }), durability);
  }

  /** Resolves to whether there was a row of ours to change. */
  async updateRow(ref: string, change: (row: UploadRow) => UploadRow, durability?: IDBTransactionDurability): Promise<boolean> {
    const { database } = await this.#ground;
    const ours = (row: UploadRow): UploadRow | undefined => (this.isOurs(row) ? { ...change(row), holder: this.#session } : undefined);
    return changeRow(database, this.key(ref), ours, durability);
  }
}
