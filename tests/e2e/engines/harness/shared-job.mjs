/**
 * What more than one page, or more than one person, has a part in, in every engine: two tabs of one queue, a line that
 * breaks and comes back, a gallery that shows what others do, a link for somebody without an account. What
 * `firefox-shared.test.mjs` and `webkit-shared.test.mjs` run.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { eventually } from "../../harness/browser.mjs";
import { fixture, makeVideo, scratchFolder, variation } from "../../harness/bytes.mjs";
import { readKept } from "../../harness/kept.mjs";
import { nothingIsBegunAnew } from "../../harness/kept-queue.mjs";
import { BehindGate } from "./behind-gate.mjs";
import { choose, openPage, rowIs, rows } from "./elements.mjs";

const MIB = 1024 * 1024;

export function sharedJobIn(launch) {
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

  test("F13: of two tabs one sends, the other shows it; when the one is closed the other goes on", async () => {
    const video = await makeVideo(join(folder, "two tabs.mp4"), 40 * MIB, 5);
    const first = await engine.tab();
    await openPage(first, service.address);
    gate.forget();
    gate.bytesPerSecond = 0;
    await choose(first, video);
    await stage.areKept(1);
    // A page that comes later finds it as well, and leaves it to the one that has it.
    await openPage(engine, service.address);
    await eventually("the other tab lists it", () => rows(engine), (list) => list.some(({ name }) => name === "two tabs.mp4"));
    gate.bytesPerSecond = 6 * MIB;
    await eventually("parts are stored", () => gate.stored.length, (count) => count >= 2);
    gate.bytesPerSecond = 0;
    // Of what stands still for long the tab itself sends some again.
    const twice = gate.sent.filter((put, index, all) => all.indexOf(put) !== index);
    assert.deepEqual(twice, [], "two tabs send it once");
    await eventually("the other tab has seen it move", () => rows(engine), (list) => list.some(({ words }) => /Sending [1-9].*in another tab/.test(words)));
    const stored = new Set(gate.stored);
    await first.close();
    gate.forget();
    gate.bytesPerSecond = Infinity;
    await rowIs(engine, "two tabs.mp4", ["stored"], 120_000);
    assert.deepEqual(gate.sent.filter((put) => stored.has(put)), [], "what was stored is not sent again");
    await nothingIsBegunAnew(service, stored);
    await stage.assertStored(video);
    await eventually("nothing is kept", () => engine.run(readKept), (kept) => kept.rows === 0 && kept.folders === 0);
  });

  test("F10: a line that breaks in the middle of a film and comes back loses nothing", async () => {
    const video = await makeVideo(join(folder, "broken line.mp4"), 30 * MIB, 6);
    gate.forget();
    gate.bytesPerSecond = 6 * MIB;
    await choose(engine, video);
    await eventually("a part is stored", () => gate.stored.length, (count) => count >= 1);
    gate.cut();
    await rowIs(engine, "broken line.mp4", ["waiting_for_network", "retrying"]);
    const stored = new Set(gate.stored);
    gate.forget();
    gate.bytesPerSecond = Infinity;
    gate.isCut = false;
    await rowIs(engine, "broken line.mp4", ["stored"], 120_000);
    assert.deepEqual(gate.sent.filter((put) => stored.has(put)), [], "what was stored is not sent again");
    await nothingIsBegunAnew(service, stored);
    await stage.assertStored(video);
  });

  test("the gallery shows at once what somebody else stores, and what becomes of it", async () => {
    const live = () => engine.run(() => document.querySelector("windlass-gallery").live);
    const captions = () =>
      engine.run(() => document.querySelector("windlass-gallery").photos.map(({ filename, caption }) => `${filename} ${caption ?? ""}`.trim()));
    await eventually("it is live", live, (state) => state === "live");
    const path = await variation(fixture("photo_2mp_o1.jpg"), join(folder, "others.jpg"), "others");
    const photo = await service.store(path);
    await eventually("it appears", captions, (list) => list.includes("others.jpg"));
    const { status } = await service.api(`/photos/${photo.photo_id}`, { method: "PATCH", body: { caption: "north side" } });
    assert.equal(status, 200);
    await eventually("it has its caption", captions, (list) => list.includes("others.jpg north side"));
    assert.equal((await service.api(`/photos/${photo.photo_id}`, { method: "DELETE" })).status, 204);
    await eventually("it is gone", captions, (list) => list.every((each) => !each.startsWith("others.jpg")));
    assert.equal(await live(), "live", "it has a stream, and asks for nothing every few seconds");
  });

  test("a customer without an account sends a photo by an upload link, and an ended link says so", async () => {
    const token = service.token({ scope: "links" });
    const { status, json } = await service.api("/projects/demo/upload-links", { method: "POST", body: { label: "Frau Kraus" }, token });
    assert.equal(status, 201);
    await engine.run((link) => {
      const element = document.createElement("windlass-uploader");
      element.link = link;
      document.querySelector("windlass-uploader").replaceWith(element);
    }, json.token);
    const files = await Promise.all(
      ["by link", "too late"].map((name) => variation(fixture("photo_2mp_o1.jpg"), join(folder, `${name}.jpg`), name)),
    );
    await choose(engine, files[0]);
    await rowIs(engine, "by link.jpg", ["stored"]);
    await stage.assertStored(files[0]);
    const ended = await service.api(`/projects/demo/upload-links/${json.link.link_id}`, { method: "DELETE", token });
    assert.equal(ended.status, 204);
    await choose(engine, files[1]);
    const says = (list) => list.some(({ name, words }) => name === "too late.jpg" && /This link has ended/.test(words));
    await eventually("its row says so", () => rows(engine), says);
  });
}
