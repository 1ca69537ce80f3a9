/** What keeping stands on: the database, the places for bytes, and the sessions. */
import { IndexedDbBytes } from "./blob-bytes.js";
import { OpfsBytes, type ByteStore } from "./bytes.js";
import { QueueDatabase } from "./database.js";
import { LeasedSessions, LockedSessions, type Sessions } from "./sessions.js";

export interface Ground {
  database: QueueDatabase;
  /**
   * The first one is written; all are read. Opened anew each time: one that cannot be opened now, or that the browser
   * has let go of, may be there again later.
   */
  openPlaces: () => Promise<ByteStore[]>;
  sessions: Sessions;
}

/** `session` lives from then on. Where this browser keeps nothing, this rejects, or else each use of the database does. */
export async function prepareGround(session: string, { toWrite }: { toWrite: boolean }): Promise<Ground> {
  const database = new QueueDatabase();
  const blobs = new IndexedDbBytes(database);
  const openPlaces = async (): Promise<ByteStore[]> => {
    // What lies there is not taken for gone: rows say where their bytes are.
    const files = await OpfsBytes.open(toWrite).catch(() => null);
    return files === null ? [blobs] : [files, blobs];
  };
  const { locks } = navigator as Navigator & { locks?: LockManager };
  const sessions = locks === undefined ? new LeasedSessions(session, database) : new LockedSessions(session, locks);
  await sessions.begin();
  return { database, openPlaces, sessions };
}
