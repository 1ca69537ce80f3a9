/** A phone whose clock is wrong by a day: row F12 of the fault list, pain 17. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { chromium } from "playwright-core";

import { ARGUMENTS, EXECUTABLE } from "../../harness/browser.mjs";
import { fixture, makeVideo, variation } from "../../harness/bytes.mjs";
import { part, storeError } from "../../harness/fault-proxy.mjs";
import { Scene } from "../../harness/scene.mjs";

const MIB = 1024 * 1024;
const DAY_S = 86_400;
const library = process.env.WINDLASS_SHIFTED_CLOCK;

/** Every process of it, workers and the network's included, believes that it is another day. */
function launchOnAnotherDay(shiftS) {
  return chromium.launch({
    executablePath: EXECUTABLE,
    args: ARGUMENTS,
    env: { ...process.env, LD_PRELOAD: library, WINDLASS_CLOCK_SHIFT_S: String(shiftS) },
  });
}

for (const [words, shiftS] of [["a day fast", DAY_S], ["a day slow", -DAY_S]]) {
  test(`F12, pain 17: a clock that is ${words}: photos and a video are stored, an expired URL is signed again`, async (context) => {
    if (process.platform !== "linux") return context.skip("only Linux preloads a library");
    assert.ok(library, "WINDLASS_SHIFTED_CLOCK is not set: run these tests with `cargo xtask test faults`");
    const scene = await Scene.open({ browser: await launchOnAnotherDay(shiftS) });
    try {
      const visit = await scene.visit();
      await scene.proxy.rules({ ...part(2), times: 1, fault: storeError(403, "AccessDenied", "Request has expired") });
      await visit.choose(
        await variation(fixture("photo_2mp_o1.jpg"), join(scene.folder, "clock.jpg"), words),
        await makeVideo(join(scene.folder, "clock.mp4"), 12 * MIB, 91),
      );
      await visit.ended();
      assert.deepEqual(await scene.proxy.met(), [1], "one URL had expired");
      for (const each of [visit.page, ...visit.page.workers()]) {
        const wrongByS = ((await each.evaluate(() => Date.now())) - Date.now()) / 1_000;
        assert.ok(Math.abs(wrongByS - shiftS) < 60, `a clock of the browser's is wrong by ${wrongByS} s`);
      }
      assert.ok(visit.page.workers().length > 0, "that of the engine's worker among them");
      await visit.allStored();
    } finally {
      await scene.close();
    }
  });
}
