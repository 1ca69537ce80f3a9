/**
 * Row F8 of the fault list in the engines whose storage is not Chromium's: where a browser keeps little, or nothing,
 * what was chosen is sent all the same. Chromium's: `survives-storage.test.mjs`.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { fixture, variation } from "../../harness/bytes.mjs";
import { onlyIn } from "../../harness/engine.mjs";
import { eventually } from "../../harness/eventually.mjs";
import { CREATE, problem } from "../../harness/fault-proxy.mjs";
import { readKept } from "../../harness/kept.mjs";
import { Scene } from "../../harness/scene.mjs";

/** Nothing is sent before it is taken back. */
const HELD = { ...CREATE, fault: problem(503, "unavailable", "not yet", { retryAfterS: 1 }) };
/** The browser asks before this page is left. */
const asks = (visit) => visit.run(() => !dispatchEvent(new Event("beforeunload", { cancelable: true })));
const notes = (visit) => visit.run(() => document.querySelector("windlass-uploader").shadowRoot.textContent);

/** Two photos for a Firefox of these preferences; `said` is what the page warns of, `null` where all is kept. */
async function sentFrom(preferences, said) {
  const scene = await Scene.open({ preferences });
  try {
    const visit = await scene.visit();
    await scene.proxy.rules(HELD);
    const photos = [1, 2].map((number) => variation(fixture("photo_12mp_o6.jpg"), join(scene.folder, `kept ${number}.jpg`), number));
    await visit.choose(...(await Promise.all(photos)));
    if (said === null) {
      await eventually("both are kept", () => visit.run(readKept), ({ whole }) => whole === 2);
      assert.deepEqual((await visit.run(readKept)).places, ["indexed_db"]);
      await eventually("it does not ask", () => asks(visit), (asking) => !asking);
    } else {
      await eventually("it is said", () => notes(visit), (text) => said.test(text));
      assert.equal(await asks(visit), true, "it would be lost");
    }
    await scene.proxy.rules();
    await visit.ended();
    await eventually("it does not ask any more", () => asks(visit), (asking) => !asking);
    // The service that was told to be away is no complaint of the page's.
    const complaints = (await visit.tab.complaints()).filter((text) => !/503/.test(text));
    assert.deepEqual(complaints, []);
    await visit.allStored();
  } finally {
    await scene.close();
  }
}

test("F8 in a private window, which has no private file system, IndexedDB keeps the queue", onlyIn("firefox"), () =>
  sentFrom({ "browser.privatebrowsing.autostart": true }, null));

test("F8 when the quota is used up one is told to keep the page open, and everything is sent from memory", onlyIn("firefox"), () =>
  sentFrom({ "dom.quotaManager.temporaryStorage.fixedLimit": 1024 }, /no room left to keep what you chose. Keep this page open/));

test("F8 where storage is blocked everything is sent, with one warning and nothing in the console", onlyIn("firefox"), () =>
  sentFrom({ "network.cookie.cookieBehavior": 2 }, /This browser keeps no files for this page. Keep it open/));
