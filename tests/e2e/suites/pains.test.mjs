/**
 * What hurts the users of other uploaders, by the numbers of `tests/PAINS.md`, where no other suite says it;
 * and the promises around it: the screen that stays on, the page that comes back, what is kept and known.
 */

import assert from "node:assert/strict";
import { copyFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { choose, eventually } from "../harness/browser.mjs";
import { makeVideo, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { areWarm } from "../harness/image-workers.mjs";
import { keptFiles } from "../harness/kept.mjs";
import { areKept, keptQueue, MIB, nothingIsKept, VARIANTS } from "../harness/kept-queue.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

const world = keptQueue();

test("pain 6: a request that the browser itself breaks off is tried again, and not taken for a cancel", async () => {
  const { gate, profile, service } = world;
  const photos = await world.photos(2, "broken off");
  const page = await profile.open(service.address);
  const broken = new Set();
  // As Safari does it when a phone changes networks: the page sees an abort that nobody asked for.
  await page.context().route(`${gate.address}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    // After so many breaks a slow machine's line may be taken for a weak one: pieces are let through.
    const isPiece = pathname.includes("/windlass-staging/");
    if (route.request().method() !== "PUT" || isPiece || broken.has(pathname)) return route.continue();
    broken.add(pathname);
    return route.abort("aborted");
  });
  await choose(page, ...photos);
  await allRows(page, ["stored"], 120_000);
  assert.equal(broken.size, 6, "each file was broken off once");
  await world.assertStored(photos, VARIANTS);
});

test("pain 7: the screen stays on while something is sent, and no longer", async () => {
  const { gate, profile, service } = world;
  const page = await profile.open(service.address);
  await page.evaluate(() => {
    window.locks = [];
    const request = WakeLock.prototype.request;
    WakeLock.prototype.request = async function (kind) {
      const held = await request.call(this, kind);
      window.locks.push(held);
      return held;
    };
  });
  const held = () => page.evaluate(() => window.locks.filter(({ released }) => !released).length);
  gate.bytesPerSecond = 0;
  await choose(page, ...(await world.photos(2, "awake")));
  await eventually("the screen is kept on, once", held, (count) => count === 1);
  await page.evaluate(() => document.querySelector("windlass-uploader").client.pause());
  await eventually("not for what is paused", held, (count) => count === 0);
  await page.evaluate(() => document.querySelector("windlass-uploader").client.resume());
  await eventually("again for what goes on", held, (count) => count === 1);
  gate.bytesPerSecond = Infinity;
  await allRows(page, ["stored"], 120_000);
  await eventually("and then not", held, (count) => count === 0);
});

test("pain 7: a page that is left and comes back goes on, out of the browser's cache of pages or anew", async () => {
  const { gate, profile, service } = world;
  const photos = await world.photos(2, "back again");
  const page = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(page, ...photos);
  await areKept(page, 2);
  await page.goto("about:blank");
  gate.bytesPerSecond = Infinity;
  await page.goBack();
  await allRows(page, ["stored"], 120_000);
  await world.assertStored(photos, VARIANTS);
  await nothingIsKept(page);
});

test("pain 7: a page out of the browser's cache of pages tries at once what waited for a network", async () => {
  const { profile, service } = world;
  const [photo] = await world.photos(1, "cached");
  const page = await profile.open(service.address);
  await areWarm(page);
  await comesBack(page, photo);
  await world.assertStored([photo], VARIANTS);
});

test("a photo chosen before the page's own files could be loaded waits for the network, and nothing of it is left out", async () => {
  const { profile, service } = world;
  const [photo] = await world.photos(1, "cold");
  // So that nothing is fetched ahead of the first photo.
  const saveData = () => Object.defineProperty(navigator, "connection", { value: { saveData: true } });
  const page = await profile.open(service.address, { prepare: (fresh) => fresh.addInitScript(saveData) });
  await page.waitForLoadState("networkidle");
  assert.equal(page.workers().length, 0);
  await comesBack(page, photo);
  await world.assertStored([photo], VARIANTS);
});

/** A photo waits for the network, which then is there without the browser's notice: only the page's return tells. */
async function comesBack(page, photo) {
  await page.context().setOffline(true);
  await choose(page, photo);
  await eventually("it waits", () => rows(page), ([only]) => only?.state === "waiting_for_network");
  await page.evaluate(() => {
    window.addEventListener("online", (event) => event.stopImmediatePropagation(), { capture: true });
  });
  await page.context().setOffline(false);
  await page.waitForFunction(() => navigator.onLine);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
  await allRows(page, ["stored"], 120_000);
}

test("pain 9: what was stored before a reload is not sent again with the rest", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(2, "finished");
  const video = await makeVideo(join(world.folder, "unfinished.mp4"), 40 * MIB, 31);
  const page = await profile.open(service.address);
  await choose(page, ...files);
  await allRows(page, ["stored"], 120_000);
  await nothingIsKept(page);
  gate.bytesPerSecond = 0;
  await choose(page, video);
  await areKept(page, 1);
  gate.forget();
  await page.reload();
  gate.bytesPerSecond = Infinity;
  await eventually("the video is stored", () => rows(page), (list) => list.length === 1 && list[0].state === "stored", 120_000);
  const keys = new Set(gate.puts.map(({ path }) => path));
  assert.equal(keys.size, 1, `only the video was sent: ${[...keys]}`);
  await world.assertStored(files, VARIANTS);
});

test("pain 19: a file without a type and with a name of other letters is stored under its name", async () => {
  const { profile, service } = world;
  const page = await profile.open(service.address);
  const name = "屋根 Überdachung №7 (çà & là) 📷.jpg";
  const [photo] = await world.photos(1, "letters");
  await page.evaluate(
    ({ filename, bytes }) => {
      const data = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      document.querySelector("windlass-uploader").add([new File([data], filename, { type: "" })]);
    },
    { filename: name, bytes: (await readFile(photo)).toString("base64") },
  );
  await allRows(page, ["stored"], 120_000);
  const stored = (await service.photos()).find(({ filename }) => filename === name);
  assert.equal(stored.content_type, "image/jpeg", "its bytes say what it is");
  assert.equal(await sha256OfUrl(stored.url), await sha256OfFile(photo));
  assert.deepEqual(page.complaints, []);
});

test("the same photo under another name, chosen again after a reload, is sent once", async () => {
  const { gate, profile, service } = world;
  const [photo] = await world.photos(1, "twin");
  const copy = join(world.folder, "a copy of it.jpg");
  await copyFile(photo, copy);
  const page = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(page, photo);
  await areKept(page, 1);
  // Were it still to be read, the copy could be done first.
  await eventually("it is prepared", () => keptFiles(page), ({ prepared }) => prepared === 1);
  await page.reload();
  await eventually("it is back", () => rows(page), (list) => list.length === 1);
  await choose(page, copy);
  gate.bytesPerSecond = Infinity;
  await eventually("both rows are settled", () => rows(page), (list) => list.length === 2 && list.every(({ state }) => state === "stored"), 120_000);
  const words = (await rows(page)).map(({ words: said }) => said).join(" | ");
  assert.match(words, /sent before/);
  await world.assertStored([photo], VARIANTS);
  assert.equal((await service.photos()).filter(({ filename }) => filename === "a copy of it.jpg").length, 0);
});

test("a photo that was stored, chosen again after a reload, is recognised, and sent again only when asked", async () => {
  const { gate, profile, service } = world;
  const [photo] = await world.photos(1, "stored twin");
  const copy = join(world.folder, "chosen another day.jpg");
  await copyFile(photo, copy);
  const copies = async () => (await service.photos()).filter(({ filename }) => filename === "chosen another day.jpg");
  const page = await profile.open(service.address);
  await choose(page, photo);
  await allRows(page, ["stored"], 60_000);
  await page.reload();
  gate.forget();
  await choose(page, copy);
  await allRows(page, ["stored"], 60_000);
  assert.match((await rows(page))[0].words, /^Already stored/);
  assert.deepEqual(gate.sent, [], "no byte of it was sent");
  assert.equal((await copies()).length, 0);
  await nothingIsKept(page);
  await page.getByRole("button", { name: "Send anyway" }).click();
  await eventually("it was sent after all", copies, ({ length }) => length === 1, 60_000);
  await allRows(page, ["stored"], 60_000);
  assert.match((await rows(page))[0].words, /^Stored/);
  await world.assertStored([photo, copy], VARIANTS);
  assert.deepEqual(page.complaints, []);
});

test("storage() tells what is kept, where, and how much room there is", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(2, "told");
  const page = await profile.open(service.address);
  const report = () => page.evaluate(() => document.querySelector("windlass-uploader").client.storage());
  gate.bytesPerSecond = 0;
  await choose(page, ...files);
  await areKept(page, 2);
  const bytes = (await Promise.all(files.map((file) => readFile(file)))).reduce((sum, { length }) => sum + length, 0);
  const told = await report();
  assert.deepEqual(
    { place: told.place, kept_files: told.kept_files, kept_bytes: told.kept_bytes },
    { place: "opfs", kept_files: 2, kept_bytes: bytes },
  );
  assert.ok(told.usage_bytes >= bytes && told.quota_bytes > told.usage_bytes, JSON.stringify(told));
  assert.equal(typeof told.persisted, "boolean");
  gate.bytesPerSecond = Infinity;
  await allRows(page, ["stored"], 120_000);
  await nothingIsKept(page);
  assert.deepEqual((await report()).kept_files, 0);
});

test("where what keeps files cannot be fetched that is said, and they are kept as soon as it can", async () => {
  const { gate, profile, service } = world;
  const [photo] = await world.photos(1, "no keeper");
  const page = await profile.open(service.address);
  await page.context().route("**/keep.worker.js", (route) => route.abort("connectionfailed"));
  gate.bytesPerSecond = 0;
  await choose(page, photo);
  await page.getByText(/is not saved on this device yet/).waitFor();
  assert.equal((await keptFiles(page)).rows, 0);
  await page.context().unroute("**/keep.worker.js");
  await areKept(page, 1);
  await page.getByText(/is not saved on this device yet/).waitFor({ state: "hidden" });
  await page.reload();
  gate.bytesPerSecond = Infinity;
  await eventually("it went on", () => rows(page), (list) => list.length === 1 && list[0].state === "stored", 120_000);
  await world.assertStored([photo], VARIANTS);
});
