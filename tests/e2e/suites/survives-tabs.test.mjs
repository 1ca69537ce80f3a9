/** Several tabs of one queue: one sends, the others show it, and take over when it is gone. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { choose, eventually } from "../harness/browser.mjs";
import { makeVideo } from "../harness/bytes.mjs";
import { areKept, keptQueue, MIB, nothingIsKept, VARIANTS } from "../harness/kept-queue.mjs";
import { allRows, picturesShown, row, rows } from "../harness/uploader.mjs";

const world = keptQueue();

/** A part that was on its way when its tab went may be sent twice; nothing else. */
function sentTwice(gate) {
  return gate.sent.filter((put, index) => gate.sent.indexOf(put) !== index);
}

test("F13: of two tabs one sends, the other shows it; when the first is closed the other goes on", async () => {
  const { gate, profile, service } = world;
  const video = await makeVideo(join(world.folder, "two tabs.mp4"), 60 * MIB, 5);
  const first = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(first, video);
  await areKept(first, 1);
  const second = await profile.tab(service.address);
  await eventually("the other tab lists it", () => rows(second), ([only]) => only?.name === "two tabs.mp4");
  gate.bytesPerSecond = 8 * MIB;
  await eventually("parts are stored", () => gate.stored.length, (count) => count >= 4);
  // So that there is something left to send when the first tab goes, however long looking takes.
  gate.bytesPerSecond = 0;
  await eventually("the other tab has seen it move", () => rows(second), ([only]) => /Sending [1-9].*in another tab/.test(only?.words ?? ""));
  assert.deepEqual(sentTwice(gate), [], "two tabs send it once");
  await first.close();
  gate.bytesPerSecond = Infinity;
  await allRows(second, ["stored"], 120_000);
  assert.ok(sentTwice(gate).length <= 6, `only what was on its way: ${sentTwice(gate)}`);
  await world.assertStored([video], []);
  await nothingIsKept(second);
  assert.deepEqual(second.complaints, []);
});

test("what one tab sends is stored for the other one's list and gallery too", async () => {
  const { gate, profile, service } = world;
  const [file] = await world.photos(1, "mirrored");
  const first = await profile.open(service.address);
  const second = await profile.tab(service.address);
  gate.bytesPerSecond = 0;
  await choose(first, file);
  await eventually("the other tab lists it", () => rows(second), ([only]) => only?.name === "mirrored 1.jpg");
  gate.bytesPerSecond = Infinity;
  await Promise.all([allRows(first, ["stored"], 120_000), allRows(second, ["stored"], 120_000)]);
  await picturesShown(second, (await service.photos()).filter(({ kind }) => kind === "photo").length);
  await world.assertStored([file], VARIANTS);
});

test("either tab pauses, resumes and cancels", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(2, "steered");
  const first = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(first, ...files);
  await areKept(first, 2);
  const second = await profile.tab(service.address);
  await eventually("the other tab lists both", () => rows(second), (list) => list.length === 2);
  await row(second, "steered 1.jpg").getByRole("button", { name: /^Pause/ }).click();
  for (const page of [first, second]) {
    await eventually("it is paused in both", () => rows(page), (list) => list.find(({ name }) => name === "steered 1.jpg").state === "paused");
  }
  await row(second, "steered 2.jpg").getByRole("button", { name: /^Cancel/ }).click();
  for (const page of [first, second]) {
    await eventually("it is gone in both", () => rows(page), (list) => list.length === 1);
  }
  await row(second, "steered 1.jpg").getByRole("button", { name: /^Go on/ }).click();
  gate.bytesPerSecond = Infinity;
  await allRows(first, ["stored"], 120_000);
  await world.assertStored([files[0]], VARIANTS);
});

test("a tab that crashed is taken over from as well, and two that wait share what it left", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(4, "crashed");
  const first = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(first, ...files);
  await areKept(first, 4);
  const others = [await profile.tab(service.address), await profile.tab(service.address)];
  for (const page of others) {
    await eventually("it lists them", () => rows(page), (list) => list.length === 4);
  }
  gate.bytesPerSecond = Infinity;
  // The renderer dies on this address; the promise has nobody left to settle it.
  first.goto("chrome://crash").catch(() => undefined);
  for (const page of others) await allRows(page, ["stored"], 120_000);
  await world.assertStored(files, VARIANTS);
  await nothingIsKept(others[0]);
});
