/**
 * Which pages live. A page's session holds a Web Lock of its name for as long as its worker lives: when
 * the tab is closed, crashes or is killed, the browser lets go, and whoever waits for the lock knows it.
 * Where there are no Web Locks (pages without https), a session signs a row every few seconds instead.
 */
import { transact, type QueueDatabase, type SessionRow } from "./database.js";
import { isFull } from "./places.js";

export interface Sessions {
  /** Resolves when this session counts as alive. */
  begin(): Promise<void>;
  isAlive(session: string): Promise<boolean>;
  /** Calls once, when the session has ended. */
  whenGone(session: string, then: () => void): void;
  /** Ends this session: others may take over at once. */
  end(): Promise<void>;
}

const nameOf = (session: string): string => `windlass-session-${session}`;

export class LockedSessions implements Sessions {
  readonly #own: string;
  readonly #locks: LockManager;
  #letGo: () => void = () => undefined;

  constructor(own: string, locks: LockManager) {
    this.#own = own;
    this.#locks = locks;
  }

  begin(): Promise<void> {
    return new Promise((begun, failed) => {
      const held = new Promise<void>((resolve) => {
        this.#letGo = resolve;
      });
      this.#locks
        .request(nameOf(this.#own), () => {
          begun();
          return held;
        })
        .catch(failed);
    });
  }

  isAlive(session: string): Promise<boolean> {
    return this.#locks.request(nameOf(session), { mode: "shared", ifAvailable: true }, (lock) => lock === null);
  }

  whenGone(session: string, then: () => void): void {
    // Shared: a tab that is frozen while it waits is given the lock as well, and does not let go of it until it thaws.
    this.#locks.request(nameOf(session), { mode: "shared" }, () => then()).catch(() => {
      // The worker is ending; nobody is left to tell.
    });
  }

  async end(): Promise<void> {
    this.#letGo();
  }
}

/** How often a session signs, and after how long without a signature it counts as dead. */
const BEAT_MS = 4_000;
const DEAD_AFTER_MS = 20_000;
/** Rows of dead sessions are removed after this long. */
const FORGOTTEN_AFTER_MS = 24 * 3_600_000;

export class LeasedSessions implements Sessions {
  readonly #own: string;
  readonly #database: QueueDatabase;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(own: string, database: QueueDatabase) {
    this.#own = own;
    this.#database = database;
  }

  async begin(): Promise<void> {
    await this.#sign().catch((thrown: unknown) => {
      // Without room to sign, others may send what this page sends, too. The service knows both by one reference.
      if (!isFull(thrown)) {
        throw thrown;
      }
    });
    await transact(this.#database, "sessions", "readwrite", (store) => {
      const looking = store("sessions").openCursor();
      looking.onsuccess = () => {
        const row = looking.result?.value as SessionRow | undefined;
        if (row !== undefined && Date.now() - row.beat_ms > FORGOTTEN_AFTER_MS) {
          looking.result?.delete();
        }
        looking.result?.continue();
      };
    });
    this.#timer = setInterval(() => {
      this.#sign().catch(() => {
        // The next one may succeed; without any, another page takes over.
      });
    }, BEAT_MS);
  }

  async isAlive(session: string): Promise<boolean> {
    const row = await transact<SessionRow | undefined>(this.#database, "sessions", "readonly", (store) =>
      store("sessions").get(session),
    );
    // A clock that was set back must not make a dead page immortal.
    return row !== undefined && Math.abs(Date.now() - row.beat_ms) < DEAD_AFTER_MS;
  }

  whenGone(session: string, then: () => void): void {
    const look = async (): Promise<void> => {
      // A look that fails says nothing about the session: the next one may.
      if (await this.isAlive(session).catch(() => true)) {
        setTimeout(look, BEAT_MS);
      } else {
        then();
      }
    };
    setTimeout(look, BEAT_MS);
  }

  async end(): Promise<void> {
    clearInterval(this.#timer);
    await transact(this.#database, "sessions", "readwrite", (store) => store("sessions").delete(this.#own));
  }

  async #sign(): Promise<void> {
    const row: SessionRow = { id: this.#own, beat_ms: Date.now() };
    await transact(this.#database, "sessions", "readwrite", (store) => store("sessions").put(row));
  }
}
