/** Which pages live, with Web Locks and where there are none. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { LeasedSessions, LockedSessions } from "../src/keep/sessions.js";
import { FakeDatabase } from "./fake-database.js";
import { settle } from "./fake-worker.js";

test("a page begins also where there is no room for its sign of life, and signs when there is", async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  try {
    const database = new FakeDatabase();
    database.isFull = true;
    const sessions = new LeasedSessions("own", database.asDatabase);
    await sessions.begin();
    assert.equal(await sessions.isAlive("own"), false);
    database.isFull = false;
    mock.timers.tick(4_000);
    await settle();
    assert.equal(await sessions.isAlive("own"), true);
    const broken = new FakeDatabase();
    broken.failures = 2;
    await assert.rejects(new LeasedSessions("own", broken.asDatabase).begin(), "a browser that keeps nothing is another matter");
  } finally {
    mock.timers.reset();
  }
});

test("a session that ends is noticed once, also after a look that failed", async () => {
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"] });
  try {
    const database = new FakeDatabase();
    database.put("sessions", { id: "other", beat_ms: Date.now() });
    let gone = 0;
    new LeasedSessions("own", database.asDatabase).whenGone("other", () => (gone += 1));
    const beat = async (): Promise<void> => {
      mock.timers.tick(4_000);
      await settle();
    };
    await beat();
    assert.equal(gone, 0, "it has just signed");
    database.failures = 2;
    await beat();
    assert.equal(gone, 0, "nothing is known of it");
    for (let beats = 0; beats < 4; beats += 1) {
      await beat();
    }
    assert.equal(gone, 1);
    await beat();
    assert.equal(gone, 1);
  } finally {
    mock.timers.reset();
  }
});

interface FakeLock {
  name: string;
  isShared: boolean;
}
interface Waiting {
  lock: FakeLock;
  give: () => void;
}

/** A browser's locks: given in the order they were asked for, and held until what was done with them has ended. */
class FakeLocks {
  readonly #held = new Set<FakeLock>();
  #waiting: Waiting[] = [];

  /** As a page has them; one that is frozen does nothing with what it is given. */
  of({ isFrozen }: { isFrozen: boolean }): LockManager {
    const request = async (name: string, ...rest: unknown[]): Promise<unknown> => {
      const { mode, ifAvailable } = (rest.length > 1 ? rest[0] : {}) as LockOptions;
      const then = rest.at(-1) as (lock: object | null) => unknown;
      const lock = { name, isShared: mode === "shared" };
      if (ifAvailable && !this.#isFree(lock)) {
        return then(null);
      }
      await new Promise<void>((give) => {
        this.#waiting.push({ lock, give });
        this.#give();
      });
      const result = isFrozen ? await new Promise(() => undefined) : await then(lock);
      this.#held.delete(lock);
      this.#give();
      return result;
    };
    return { request } as unknown as LockManager;
  }

  /** Nobody goes before those who wait for the same lock. */
  #isFree({ name, isShared }: FakeLock, before = this.#waiting): boolean {
    const inTheWay = [...this.#held].some((held) => held.name === name && !(held.isShared && isShared));
    return !inTheWay && !before.some(({ lock }) => lock.name === name);
  }

  #give(): void {
    const still: Waiting[] = [];
    for (const each of this.#waiting) {
      if (this.#isFree(each.lock, still)) {
        this.#held.add(each.lock);
        each.give();
      } else {
        still.push(each);
      }
    }
    this.#waiting = still;
  }
}

test("a tab that is frozen while it waits for another one to end keeps nobody else from noticing that", async () => {
  const locks = new FakeLocks();
  const sends = new LockedSessions("sends", locks.of({ isFrozen: false }));
  await sends.begin();
  new LockedSessions("frozen", locks.of({ isFrozen: true })).whenGone("sends", () => assert.fail("it is frozen"));
  const tab = new LockedSessions("tab", locks.of({ isFrozen: false }));
  let gone = 0;
  tab.whenGone("sends", () => (gone += 1));
  assert.equal(await tab.isAlive("sends"), true);
  await sends.end();
  await settle();
  assert.equal(gone, 1);
  assert.equal(await tab.isAlive("sends"), false, "a page that is opened now goes on with what it left");
});
