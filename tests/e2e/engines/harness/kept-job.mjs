/** The queue outlives the page, in every engine: what `firefox.test.mjs` and `webkit.test.mjs` run. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { eventually } from "../../harness/browser.mjs";
import { fixture, makeVideo, scratchFolder, variation } from "../../harness/bytes.mjs";
import { readKept } from "../../harness/kept.mjs";
import { nothingIsBegunAnew } from "../../harness/kept-queue.mjs";
import { BehindGate } from "./behind-gate.mjs";
import { choose, openPage, press, rowIs, rows } from "./elements.mjs";

const MIB = 1024 * 1024;

/** Declares the tests. `place` is where this engine keeps bytes: `opfs` or `indexed_db`. */
export function keptJobIn(launch, place) {
  const folder = scratchFolder();
  let stage;
  let gate;
  let service;
  let engine;

  before(async () => {
    stage = await BehindGate.open(launch);
    ({ gate, service, engine } = stage);
  });
  after(() => stage?.close());

  test(`photos go on by themselves after a reload, kept in ${place}`, async () => {
    const files = await Promise.all(
      [1, 2].map((number) => variation(fixture("photo_12mp_o6.jpg"), join(folder, `kept ${number}.jpg`), `kept ${number}`)),
    );
    gate.bytesPerSecond = 0;
    await choose(engine, ...files);
    await stage.areKept(2);
    assert.deepEqual((await engine.run(readKept)).places, [place]);
    await openPage(engine, service.address);
    await eventually("both are back", () => rows(engine), (list) => list.length === 2);
    gate.bytesPerSecond = Infinity;
    for (const number of [1, 2]) await rowIs(engine, `kept ${number}.jpg`, ["stored"], 120_000);
    for (const file of files) await stage.assertStored(file);
    await eventually("nothing is kept", () => engine.run(readKept), (kept) => kept.rows === 0 && kept.folders === 0);
  });

  test("a video sends only the missing parts after a reload", async () => {
    const video = await makeVideo(join(folder, "kept.mp4"), 40 * MIB, 4);
    gate.forget();
    // Not before it is kept: on an open line the film could be stored sooner than copied.
    gate.bytesPerSecond = 0;
    await choose(engine, video);
    await stage.areKept(1);
    gate.bytesPerSecond = 6 * MIB;
    await eventually("some parts are stored", () => gate.stored.length, (count) => count >= 2);
    gate.bytesPerSecond = 0;
    await openPage(engine, service.address);
    await eventually("it is back", () => rows(engine), (list) => list.length === 1);
    const before = new Set(gate.stored);
    gate.forget();
    gate.bytesPerSecond = Infinity;
    await rowIs(engine, "kept.mp4", ["stored"], 120_000);
    assert.deepEqual(gate.sent.filter((put) => before.has(put)), []);
    await nothingIsBegunAnew(service, before);
    await stage.assertStored(video);
  });

  test("a paused video stands still, and goes on with what is missing when it is resumed", async () => {
    const video = await makeVideo(join(folder, "paused.mp4"), 30 * MIB, 5);
    gate.forget();
    gate.bytesPerSecond = 6 * MIB;
    await choose(engine, video);
    await eventually("a part is stored", () => gate.stored.length, (count) => count >= 1);
    // So slow that it would not be stored for a while, and so fast that it would be seen to move.
    gate.bytesPerSecond = MIB;
    await press(engine, "Pause paused.mp4");
    await rowIs(engine, "paused.mp4", ["paused"]);
    const moved = () => `${gate.puts.length} PUTs, ${gate.bytesTo("")} bytes`;
    // The row says so at once; the worker hears of it a moment later.
    let before;
    const stands = async () => {
      before = moved();
      await new Promise((done) => setTimeout(done, 1_000));
      return moved();
    };
    await eventually("nothing moves", stands, (now) => now === before, 20_000);
    assert.ok((await service.photos()).every(({ filename }) => filename !== "paused.mp4"), "nor was it sent to its end");
    const stored = new Set(gate.stored);
    gate.forget();
    gate.bytesPerSecond = Infinity;
    await press(engine, "Resume paused.mp4");
    await rowIs(engine, "paused.mp4", ["stored"], 120_000);
    assert.deepEqual(gate.sent.filter((put) => stored.has(put)), [], "what was stored is not sent again");
    await nothingIsBegunAnew(service, stored);
    await stage.assertStored(video);
  });
}
