/** The last tab is closed: a service worker sends what is left, with a token it asks for itself. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { choose, eventually } from "../harness/browser.mjs";
import { makeVideo } from "../harness/bytes.mjs";
import { keptFiles } from "../harness/kept.mjs";
import { areKept, keptQueue, MIB, nothingIsKept, VARIANTS } from "../harness/kept-queue.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

const world = keptQueue();

/** The demo page as anybody sees it, with its service worker. */
const openWithWorker = (profile, address) => profile.open(address, { serviceWorkers: "allow" });

const workerIsReady = (page) => page.evaluate(async () => (await navigator.serviceWorker.ready).active !== null);

test("after the last tab was closed what is left is stored in the background", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(2, "background");
  const video = await makeVideo(join(world.folder, "background.mp4"), 20 * MIB, 31);
  const page = await openWithWorker(profile, service.address);
  gate.bytesPerSecond = 0;
  await choose(page, ...files, video);
  await areKept(page, 3);
  // What still needs smaller pictures waits for a page.
  await eventually("all are prepared", () => keptFiles(page), ({ prepared }) => prepared === 3);
  await workerIsReady(page);
  // Another page keeps the browser open, none keeps the queue.
  const other = await profile.context.newPage();
  await page.close();
  gate.bytesPerSecond = Infinity;
  const names = async () => (await service.photos()).map(({ filename }) => filename);
  await eventually("all three are stored", names, (list) => [...files, video].every((file) => list.some((name) => file.endsWith(`/${name}`))), 120_000);
  await world.assertStored(files, VARIANTS);
  await world.assertStored([video], []);
  await other.goto(`${service.address}/icon.svg`);
  await nothingIsKept(other);
});

test("a line that is broken when the last tab is closed is waited for, and what is left is stored when it is back", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(1, "no line");
  const page = await openWithWorker(profile, service.address);
  gate.bytesPerSecond = 0;
  await choose(page, ...files);
  await areKept(page, 1);
  await eventually("it is prepared", () => keptFiles(page), ({ prepared }) => prepared === 1);
  await workerIsReady(page);
  const other = await profile.context.newPage();
  await other.goto(`${service.address}/icon.svg`);
  const held = ({ text }) => JSON.parse(text)[0].holder;
  const before = held(await keptFiles(page));
  gate.cut();
  await page.close();
  await eventually("the worker has it", () => keptFiles(other), (kept) => held(kept) !== before, 60_000);
  gate.forget();
  await eventually("the worker has tried in vain, and again", () => gate.turnedAway, (count) => count > 4, 60_000);
  gate.bytesPerSecond = Infinity;
  gate.isCut = false;
  await eventually("it is stored", () => service.photos(), (list) => list.some(({ filename }) => filename === "no line 1.jpg"), 60_000);
  await world.assertStored(files, VARIANTS);
  await nothingIsKept(other);
});

test("a page that comes back takes over from the service worker, and shows it", async () => {
  const { gate, profile, service } = world;
  const video = await makeVideo(join(world.folder, "taken over.mp4"), 40 * MIB, 32);
  const page = await openWithWorker(profile, service.address);
  gate.bytesPerSecond = 0;
  await choose(page, video);
  await areKept(page, 1);
  await workerIsReady(page);
  const held = ({ text }) => JSON.parse(text)[0].holder;
  const before = held(await keptFiles(page));
  const other = await profile.context.newPage();
  await other.goto(`${service.address}/icon.svg`);
  await page.close();
  await eventually("the worker has it", () => keptFiles(other), (kept) => held(kept) !== before, 60_000);
  const again = await profile.tab(service.address);
  await eventually("the page shows it", () => rows(again), ([only]) => only?.name === "taken over.mp4");
  gate.bytesPerSecond = Infinity;
  await allRows(again, ["stored"], 120_000);
  await world.assertStored([video], []);
});

test("a worker that gets no token leaves everything for the next page", async () => {
  const { gate, profile, service } = world;
  const [file] = await world.photos(1, "signed out");
  const page = await openWithWorker(profile, service.address);
  let refused = 0;
  // The page is signed in, its worker is not.
  await profile.context.route("**/demo/token?*", (route) => {
    if (route.request().serviceWorker() === null) return route.continue();
    refused += 1;
    return route.fulfill({ status: 401, body: "{}" });
  });
  gate.bytesPerSecond = 0;
  await choose(page, file);
  await areKept(page, 1);
  await workerIsReady(page);
  const other = await profile.context.newPage();
  await other.goto(`${service.address}/icon.svg`);
  await page.close();
  await eventually("the worker asked", () => refused, (count) => count > 0);
  assert.equal((await keptFiles(other)).whole, 1);
  gate.bytesPerSecond = Infinity;
  const again = await profile.tab(service.address);
  await allRows(again, ["stored"], 120_000);
  await world.assertStored([file], VARIANTS);
});
