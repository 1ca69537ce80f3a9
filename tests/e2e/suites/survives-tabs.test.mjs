/** Several tabs of one queue: one sends, the others show it, and take over when it is gone. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { choose, eventually } from "../harness/browser.mjs";
import { makeVideo } from "../harness/bytes.mjs";
import { keptFiles } from "../harness/kept.mjs";
import { areKept, keptQueue, MIB, nothingIsBegunAnew, nothingIsKept, refuseAnnouncements, VARIANTS } from "../harness/kept-queue.mjs";
import { allRows, discard, picturesShown, row, rows } from "../harness/uploader.mjs";

const world = keptQueue();

/** What was sent more than once. */
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
  // Of what stands still for long the tab itself sends some again.
  assert.deepEqual(sentTwice(gate), [], "two tabs send it once");
  await eventually("the other tab has seen it move", () => rows(second), ([only]) => /Sending [1-9].*in another tab/.test(only?.words ?? ""));
  const acknowledged = new Set(gate.stored);
  await first.close();
  gate.bytesPerSecond = Infinity;
  await allRows(second, ["stored"], 120_000);
  // What was on its way when its tab went died with it, and is as many parts as there are connections: six.
  assert.deepEqual(sentTwice(gate).filter((put) => acknowledged.has(put)), [], "what the store has is not sent again");
  await nothingIsBegunAnew(service, acknowledged);
  assert.ok(new Set(sentTwice(gate)).size <= 6, `only what was on its way: ${sentTwice(gate)}`);
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
  await discard(row(second, "steered 2.jpg"), /^Cancel/);
  for (const page of [first, second]) {
    await eventually("it is gone in both", () => rows(page), (list) => list.length === 1);
  }
  await row(second, "steered 1.jpg").getByRole("button", { name: /^Resume steered/ }).click();
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
  const crashed = first.waitForEvent("crash");
  // The renderer dies on this address; the promise has nobody left to settle it.
  first.goto("chrome://crash").catch(() => undefined);
  await crashed;
  gate.bytesPerSecond = Infinity;
  for (const page of others) await allRows(page, ["stored"], 120_000);
  await world.assertStored(files, VARIANTS);
  await nothingIsKept(others[0]);
});

test("a tab that gets no token yet does not call lost what a closed one has kept, and sends it when it gets one", async () => {
  const { gate, profile, service } = world;
  const [file] = await world.photos(1, "no token yet");
  let refused = 0;
  const withoutToken = (page) =>
    page.route("**/demo/token?*", (route) => {
      refused += 1;
      return route.abort();
    });
  const first = await profile.open(service.address);
  const second = await profile.tab(service.address, { prepare: withoutToken });
  gate.bytesPerSecond = 0;
  await choose(first, file);
  await areKept(first, 1);
  await eventually("the other tab lists it", () => rows(second), ([only]) => only?.name === "no token yet 1.jpg");
  refused = 0;
  await first.close();
  await eventually("it asks who is signed in, again and again", () => refused, (count) => count >= 3, 60_000);
  // Longer than a tab that has looked waits for another one that was faster.
  await second.waitForTimeout(6_000);
  assert.notEqual((await rows(second))[0]?.state, "failed", "its bytes are on this device");
  await second.unroute("**/demo/token?*");
  gate.bytesPerSecond = Infinity;
  await allRows(second, ["stored"], 120_000);
  assert.equal((await rows(second)).length, 1, "it is the same file");
  await world.assertStored([file], VARIANTS);
  await nothingIsKept(second);
});

test("what failed in one tab is tried again there and nowhere else: no other tab has its bytes", async () => {
  const { gate, profile, service } = world;
  const [file] = await world.photos(1, "refused");
  const first = await profile.open(service.address);
  const second = await profile.tab(service.address);
  gate.bytesPerSecond = 0;
  const allow = await refuseAnnouncements(first, "forbidden", "The token does not cover this project.");
  await choose(first, file);
  await eventually("the other tab lists it", () => rows(second), ([only]) => only?.name === "refused 1.jpg");
  await Promise.all([allRows(first, ["failed"]), allRows(second, ["failed"])]);
  await areKept(first, 1);
  assert.equal(await row(second, "refused 1.jpg").getByRole("button", { name: "Try again" }).count(), 0);
  const thrown = await second.evaluate(() => {
    const { uploads } = document.querySelector("windlass-uploader");
    try {
      uploads[0].retry();
      return null;
    } catch ({ code }) {
      return code;
    }
  });
  assert.equal(thrown, "file_gone");
  assert.equal((await keptFiles(second)).whole, 1, "what the other tab keeps is left alone");
  // The photo itself was not at fault: it is sent when the service lets it.
  await allow();
  gate.bytesPerSecond = Infinity;
  await row(first, "refused 1.jpg").getByRole("button", { name: "Try again" }).click();
  await allRows(first, ["stored"], 60_000);
  await world.assertStored([file], VARIANTS);
  await nothingIsKept(first);
});
