import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { CopyQueue } from "../src/keep/copy-queue.js";

const MIB = 1024 * 1024;

/** Adds copies named by `names`, and resolves with the order in which they were made once `count` were. */
function orderOf(copies: { name: string; size: number; wanted?: boolean }[], count: number): Promise<string[]> {
  const queue = new CopyQueue();
  const order: string[] = [];
  return new Promise((resolve) => {
    for (const { name, size, wanted = true } of copies) {
      queue.add(size, () => wanted, async () => {
        order.push(name);
        if (order.length === count) {
          resolve(order);
        }
      });
    }
  });
}

test("small files are copied before large ones, and of like size the newest first", async () => {
  const order = await orderOf(
    [
      { name: "photo 1", size: 3.1 * MIB },
      { name: "video", size: 200 * MIB },
      { name: "photo 2", size: 3.3 * MIB },
      { name: "thumbnail", size: 9_000 },
      { name: "photo 3", size: 3.2 * MIB },
    ],
    5,
  );
  assert.deepEqual(order, ["thumbnail", "photo 3", "photo 2", "photo 1", "video"]);
});

test("what was stored meanwhile is not copied", async () => {
  const order = await orderOf([{ name: "stored", size: 1, wanted: false }, { name: "on its way", size: 2 }], 1);
  assert.deepEqual(order, ["on its way"]);
});

/** After how many milliseconds, by a clock of the test's own, a small file is copied; `each` is called every 100 ms. */
function copiedAfterMs(each: (queue: CopyQueue, now: number) => void): number | null {
  let now = 0;
  let copied: number | null = null;
  mock.timers.enable({ apis: ["setTimeout"] });
  mock.method(performance, "now", () => now);
  try {
    const queue = new CopyQueue();
    each(queue, now);
    queue.add(9_000, () => true, async () => {
      copied = now;
    });
    while (copied === null && now < 60_000) {
      now += 100;
      mock.timers.tick(100);
      each(queue, now);
    }
    return copied;
  } finally {
    mock.restoreAll();
    mock.timers.reset();
  }
}

test("nothing is copied while everything is about to be stored, and not for ever", () => {
  assert.equal(copiedAfterMs((queue) => queue.calm()), 3_200);
});

test("where the sending stalls a copy is made soon", () => {
  assert.equal(copiedAfterMs((queue, now) => now === 0 && queue.calm()), 500);
});

test("a copy that fails holds up no other", async () => {
  const queue = new CopyQueue();
  const done = new Promise<void>((resolve) => {
    queue.add(2, () => true, async () => resolve());
    queue.add(1, () => true, () => Promise.reject(new Error("no room")));
  });
  await done;
});
