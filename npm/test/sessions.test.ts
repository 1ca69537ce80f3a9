/** Which pages live, where there are no Web Locks. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { LeasedSessions } from "../src/keep/sessions.js";
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
