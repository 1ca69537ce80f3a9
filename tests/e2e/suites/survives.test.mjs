/**
 * The page goes, the queue stays: reload, a closed tab, a killed browser. Nobody clicks anything
 * afterwards, and what the store has is not sent again. Everything is checked from outside: by the service,
 * by SHA-256, and by what went through a gate before the store.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";

import { choose, eventually } from "../harness/browser.mjs";
import { makeVideo } from "../harness/bytes.mjs";
import { holdResizing } from "../harness/image-workers.mjs";
import { keptFiles } from "../harness/kept.mjs";
import { areKept, keptInvariants, keptQueue, MIB, nothingIsBegunAnew, nothingIsKept, PART, VARIANTS } from "../harness/kept-queue.mjs";
import { allRows, discard, resumed, rows } from "../harness/uploader.mjs";

const world = keptQueue();

test("pain 8: three photos go on by themselves after a reload, and nothing the store has is sent again", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(3, "roof");
  const page = await profile.open(service.address);
  gate.bytesPerSecond = 1 * MIB;
  await choose(page, ...files);
  await eventually("one photo and some previews are stored", () => gate.stored.length, (count) => count >= 4);
  // Nothing ends any more while it is counted.
  gate.bytesPerSecond = 0;
  const counted = async () => {
    const unsent = (await rows(page)).filter(({ state }) => state !== "stored").length;
    const { rows: kept, whole } = await keptFiles(page);
    return { unsent, kept, whole };
  };
  await eventually("what is not stored is kept, and nothing else", counted, ({ unsent, kept, whole }) => kept === unsent && whole === unsent);
  const before = new Set(gate.stored);
  gate.forget();
  await page.reload();
  gate.bytesPerSecond = Infinity;
  await allRows(page, ["stored"], 120_000);
  assert.deepEqual(gate.sent.filter((put) => before.has(put)), []);
  await nothingIsBegunAnew(service, before);
  await world.assertStored(files, VARIANTS);
  await nothingIsKept(page);
  assert.deepEqual(page.complaints, []);
});

test("a reload says in words what goes on, and once aloud", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(3, "words");
  const page = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(page, ...files);
  await areKept(page, 3);
  await page.reload();
  const text = "Resuming 3 photos from before.";
  await resumed(page, text).waitFor();
  assert.deepEqual(await page.locator("windlass-uploader [role=status] p").allTextContents(), [text]);
  assert.equal(await resumed(page, text).getAttribute("role"), null, "that there are fewer is not read");
  gate.bytesPerSecond = Infinity;
  await allRows(page, ["stored"], 120_000);
  await resumed(page, "Resuming").waitFor({ state: "hidden" });
});

test("F4: after the browser was killed a video sends only the parts that are missing", async () => {
  const { gate, profile, service } = world;
  const video = await makeVideo(join(world.folder, "killed.mp4"), 60 * MIB, 3);
  const first = await profile.open(service.address);
  // Not before it is kept: on an open line the film could be stored sooner than copied.
  gate.bytesPerSecond = 0;
  await choose(first, video);
  await areKept(first, 1);
  gate.bytesPerSecond = 8 * MIB;
  await eventually("some parts are stored", () => gate.stored.length, (count) => count >= 3);
  gate.bytesPerSecond = 0;
  await profile.kill();
  const before = new Set(gate.stored);
  gate.forget();
  gate.bytesPerSecond = Infinity;
  const again = await profile.open(service.address);
  await allRows(again, ["stored"], 120_000);
  assert.deepEqual(gate.sent.filter((put) => before.has(put)), []);
  await nothingIsBegunAnew(service, before);
  // The store may have got one more that nobody heard of any more.
  assert.ok(gate.bytesTo("original") <= 60 * MIB - before.size * PART, `${gate.bytesTo("original")} bytes were sent`);
  await world.assertStored([video], []);
  assert.deepEqual(again.complaints, []);
});

test("F2: a reload before the answer to an announcement makes no second upload", async () => {
  const { gate, profile, service } = world;
  const video = await makeVideo(join(world.folder, "announced.mp4"), 12 * MIB, 6);
  const page = await profile.open(service.address);
  const ids = [];
  const announcements = (url) => url.pathname === "/api/v1/uploads";
  await page.context().route(announcements, async (route) => {
    // The service has heard it; the page never gets to know.
    const { uploads } = await (await route.fetch()).json();
    ids.push(...uploads.map(({ upload_id }) => upload_id));
  });
  await choose(page, video);
  await eventually("it is announced", () => ids.length, (count) => count === 1);
  await areKept(page, 1);
  await page.context().unroute(announcements);
  gate.forget();
  await page.reload();
  await allRows(page, ["stored"], 120_000);
  const stored = (await service.photos()).filter(({ filename }) => filename === "announced.mp4");
  assert.deepEqual(stored.map(({ photo_id }) => photo_id), ids);
  await world.assertStored([video], []);
});

test("F3: a reload between the last byte and the photo sends no byte again", async () => {
  const { gate, profile, service } = world;
  const [file] = await world.photos(1, "last");
  const page = await profile.open(service.address);
  // Nobody gets an answer to complete before the page is gone.
  await page.context().route("**/complete", (route) => route.abort());
  await choose(page, file);
  await eventually("all bytes are there", () => gate.stored.length, (count) => count === 3);
  await areKept(page, 1);
  gate.forget();
  await page.reload();
  await eventually("it is back", () => rows(page), (list) => list.length === 1);
  await page.context().unroute("**/complete");
  await allRows(page, ["stored"], 60_000);
  assert.deepEqual(gate.puts, []);
  await world.assertStored([file], VARIANTS);
});

test("a tab that was closed and opened again goes on, a paused file stays paused", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(2, "tab");
  const page = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(page, ...files);
  await areKept(page, 2);
  await page.locator("windlass-uploader li.row").first().getByRole("button", { name: /^Pause/ }).click();
  await eventually("it is kept as paused", () => keptFiles(page), ({ paused }) => paused === 1);
  await page.close();
  gate.bytesPerSecond = Infinity;
  const again = await profile.tab(service.address);
  await eventually("one is stored, one waits", () => rows(again), (list) => list.map(({ state }) => state).sort().join() === "paused,stored", 120_000);
  await again.getByRole("button", { name: /^Resume tab \d/ }).click();
  await allRows(again, ["stored"], 120_000);
  await world.assertStored(files, VARIANTS);
});

test("a cancelled file is not kept and does not come back", async () => {
  const { gate, profile, service } = world;
  const [file, next] = await world.photos(2, "unwanted");
  const page = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(page, file);
  await areKept(page, 1);
  await discard(page, /^Cancel/);
  await nothingIsKept(page);
  await page.reload();
  gate.bytesPerSecond = Infinity;
  // By the time that another one is stored, whatever the page has found is in the list.
  await choose(page, next);
  await allRows(page, ["stored"]);
  assert.deepEqual((await rows(page)).map(({ name }) => name), ["unwanted 2.jpg"]);
});

test("a photo that the service makes while it is cancelled is called stored, by the row and by the service", async () => {
  const { profile, service } = world;
  const [file] = await world.photos(1, "too late");
  const page = await profile.open(service.address);
  let answer;
  const asked = new Promise((resolve) => (answer = resolve));
  await page.context().route("**/complete", async (route) => {
    const response = await route.fetch();
    await asked;
    await route.fulfill({ response });
  });
  await choose(page, file);
  await eventually("the service has made the photo", () => service.photos(), (list) => list.some(({ filename }) => filename === "too late 1.jpg"));
  await discard(page, /^Cancel/);
  await eventually("the row says so", () => rows(page), ([only]) => only?.words === "Cancelling");
  assert.deepEqual(await page.locator("windlass-uploader li.row button").evaluateAll((all) => all.map(({ ariaDisabled }) => ariaDisabled)), ["true"]);
  await nothingIsKept(page);
  answer();
  await allRows(page, ["stored"]);
  await world.assertStored([file], VARIANTS);
  assert.deepEqual(page.complaints, []);
});

test("a photo over which page after page ended is sent without smaller pictures, and keeps nothing waiting behind it", async () => {
  const { gate, profile, service } = world;
  const [heavy, other] = await world.photos(2, "heavy");
  const prepare = (page) => holdResizing(page, "heavy 1.jpg");
  gate.bytesPerSecond = 0;
  let page = await profile.open(service.address, { prepare });
  await choose(page, heavy, other);
  await areKept(page, 2);
  for (const ended of [1, 2]) {
    await page.close();
    page = await profile.tab(service.address, { prepare });
    const kept = async () => (await keptFiles(page)).text;
    await eventually(`it is counted should this page end over it, too (${ended})`, kept, (text) => text.includes(`"interrupted":${ended}`));
  }
  await page.close();
  gate.bytesPerSecond = Infinity;
  page = await profile.tab(service.address, { prepare });
  await allRows(page, ["stored"]);
  const photos = await keptInvariants(world, [heavy, other]);
  assert.deepEqual(Object.keys(photos.find(({ filename }) => filename === "heavy 1.jpg").variants), []);
  assert.deepEqual(Object.keys(photos.find(({ filename }) => filename === "heavy 2.jpg").variants).sort(), VARIANTS);
  await nothingIsKept(page);
});

test("neither token nor signed URL is kept", async () => {
  const { gate, profile, service } = world;
  const [file] = await world.photos(1, "secret");
  const page = await profile.open(service.address);
  const secrets = new Set();
  page.context().on("request", (request) => {
    const signature = new URL(request.url()).searchParams.get("X-Amz-Signature");
    if (signature) secrets.add(signature);
    const token = request.headers().authorization?.replace("Bearer ", "");
    if (token) secrets.add(token);
  });
  gate.bytesPerSecond = 0;
  await choose(page, file);
  await areKept(page, 1);
  await eventually("something secret was used", () => secrets.size, (count) => count >= 2);
  const { text } = await keptFiles(page);
  assert.match(text, /secret 1\.jpg/, "the records were read");
  for (const secret of secrets) assert.ok(!text.includes(secret));
});
