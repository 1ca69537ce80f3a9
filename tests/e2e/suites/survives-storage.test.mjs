/** Where a browser keeps little, or nothing, or in another way: what was chosen is sent all the same. */

import assert from "node:assert/strict";
import { mkdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Bucket } from "../harness/bucket.mjs";
import { choose, drop, eventually } from "../harness/browser.mjs";
import { makeVideo, sha256OfUrl } from "../harness/bytes.mjs";
import { keptFiles } from "../harness/kept.mjs";
import { areKept, keptQueue, MIB, nothingIsBegunAnew, nothingIsKept, refuseAnnouncements, VARIANTS } from "../harness/kept-queue.mjs";
import { allRows, resumed, rows } from "../harness/uploader.mjs";

const world = keptQueue();

/** Whether the browser asks before this page is left. */
async function asksBeforeLeaving(page) {
  return page.evaluate(() => {
    const event = new Event("beforeunload", { cancelable: true });
    dispatchEvent(event);
    return event.defaultPrevented;
  });
}

/** In the page: why the browser writes no row of a database; `null` where it does. */
function whyNoRow() {
  return new Promise((done) => {
    const opening = indexedDB.open("windlass");
    opening.onerror = () => done(opening.error.name);
    opening.onsuccess = () => {
      const transaction = opening.result.transaction("sessions", "readwrite");
      transaction.objectStore("sessions").put({ id: "probe", beat_ms: 0 });
      transaction.oncomplete = () => done(null);
      transaction.onabort = () => done(transaction.error.name);
      opening.result.close();
    };
  });
}

test("F8: when the quota is used up one is told to keep the page open, and everything is sent from memory", async () => {
  const { gate, profile, service } = world;
  const [photo] = await world.photos(1, "no room");
  const page = await profile.open(service.address);
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: service.address, quotaSize: 1 * MIB });
  gate.bytesPerSecond = 0;
  await choose(page, photo);
  await page.getByText(/no room left to keep what you chose. Keep this page open/).waitFor();
  assert.equal(await asksBeforeLeaving(page), true, "it would be lost");
  gate.bytesPerSecond = Infinity;
  await allRows(page, ["stored"], 120_000);
  assert.equal(await asksBeforeLeaving(page), false);
  await world.assertStored([photo], VARIANTS);
  await nothingIsKept(page);
  assert.deepEqual(page.complaints, []);
});

test("F8: what was kept goes on with the next page on a device that is full by then, and makes room", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(2, "kept, then full");
  const page = await profile.open(service.address);
  gate.bytesPerSecond = 0;
  await choose(page, ...files);
  await areKept(page, 2);
  await eventually("all are prepared", () => keptFiles(page), ({ prepared }) => prepared === 2);
  const session = await page.context().newCDPSession(page);
  // None at all would be no limit.
  await session.send("Storage.overrideQuotaForOrigin", { origin: service.address, quotaSize: 1 });
  await page.goto(`${service.address}/icon.svg`);
  // Chromium remembers how much room there was: until a while after the last page has closed the database, at most for
  // half a minute.
  await page.waitForTimeout(3_000);
  await eventually("there is no room for a row", () => page.evaluate(whyNoRow), (why) => why === "QuotaExceededError", 60_000);
  // The picture has no icon of its own, which the browser looked for.
  page.complaints.length = 0;
  await page.goto(service.address);
  gate.bytesPerSecond = Infinity;
  await allRows(page, ["stored"], 120_000);
  await world.assertStored(files, VARIANTS);
  await nothingIsKept(page);
  assert.deepEqual(page.complaints, []);
});

test("what was not kept is asked for again after a reload, and goes on where it was", async () => {
  const { gate, profile, service } = world;
  const video = await makeVideo(join(world.folder, "not kept.mp4"), 30 * MIB, 9);
  const page = await profile.open(service.address);
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: service.address, quotaSize: 1 * MIB });
  // Not before it is said: what is stored soon is not copied at all.
  gate.bytesPerSecond = 0;
  await choose(page, video);
  await page.getByText(/Keep this page open/).first().waitFor();
  gate.bytesPerSecond = 8 * MIB;
  await eventually("some parts are stored", () => gate.stored.length, (count) => count >= 2);
  gate.bytesPerSecond = 0;
  page.on("dialog", (dialog) => dialog.accept());
  await page.reload();
  const before = new Set(gate.stored);
  gate.forget();
  gate.bytesPerSecond = Infinity;
  await resumed(page, "“not kept.mp4” was not sent before this page was left. Choose it again").waitFor();
  await choose(page, video);
  await allRows(page, ["stored"], 120_000);
  assert.deepEqual(gate.sent.filter((put) => before.has(put)), []);
  await nothingIsBegunAnew(service, before);
  await resumed(page, "was not sent before this page was left").waitFor({ state: "hidden" });
  await world.assertStored([video], []);
});

test("what there was no room for is read again through its handle, where the page has one", async () => {
  const { gate, profile, service } = world;
  const page = await profile.open(service.address);
  const sum = await page.evaluate(async (size) => {
    const folder = await navigator.storage.getDirectory();
    const handle = await folder.getFileHandle("picked.pdf", { create: true });
    const bytes = new Uint8Array(size).map((_, index) => index * 31 + (index >> 8));
    bytes.set(new TextEncoder().encode("%PDF-1.7\n"));
    const writing = await handle.createWritable();
    await writing.write(bytes);
    await writing.close();
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }, 3 * MIB);
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: service.address, quotaSize: 4.5 * MIB });
  gate.bytesPerSecond = 0;
  await page.evaluate(async () => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle("picked.pdf");
    const { client } = document.querySelector("windlass-uploader");
    client.add(await handle.getFile(), { handle });
  });
  await eventually("its handle is kept", () => keptFiles(page), ({ places }) => places.join() === "handle");
  assert.equal(await asksBeforeLeaving(page), true, "the browser may not allow it again");
  page.on("dialog", (dialog) => dialog.accept());
  await page.reload();
  await eventually("it is back", () => rows(page), ([only]) => only?.name === "picked.pdf");
  gate.bytesPerSecond = Infinity;
  await allRows(page, ["stored"], 120_000);
  const [photo] = (await service.photos()).filter(({ filename }) => filename === "picked.pdf");
  assert.equal(await sha256OfUrl(photo.url), sum);
});

test("what was refused for reasons of its own is kept, and goes after a reload when the reasons are gone", async () => {
  const { profile, service } = world;
  const [photo] = await world.photos(1, "no permission");
  const page = await profile.open(service.address);
  const allow = await refuseAnnouncements(page, "quota_exceeded", "There is no room left.");
  await choose(page, photo);
  await allRows(page, ["failed"]);
  await areKept(page, 1);
  await allow();
  await page.reload();
  await allRows(page, ["stored"], 60_000);
  await world.assertStored([photo], VARIANTS);
  await nothingIsKept(page);
});

test("F7: another file under the same name, of the same size and date, is not spliced together", async () => {
  const { gate, profile, service } = world;
  const path = join(world.folder, "twin.mp4");
  await makeVideo(path, 30 * MIB, 21);
  await utimes(path, 1_700_000_000, 1_700_000_000);
  const page = await profile.open(service.address);
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: service.address, quotaSize: 1 * MIB });
  gate.bytesPerSecond = 0;
  await choose(page, path);
  await page.getByText(/Keep this page open/).first().waitFor();
  gate.bytesPerSecond = 8 * MIB;
  await eventually("some parts are stored", () => gate.stored.length, (count) => count >= 2);
  gate.bytesPerSecond = 0;
  page.on("dialog", (dialog) => dialog.accept());
  await page.reload();
  await makeVideo(path, 30 * MIB, 22);
  await utimes(path, 1_700_000_000, 1_700_000_000);
  await resumed(page, "“twin.mp4” was not sent before this page was left.").waitFor();
  gate.bytesPerSecond = Infinity;
  await choose(page, path);
  await allRows(page, ["stored"], 120_000);
  await world.assertStored([path], []);
  await eventually("nothing half is left of the other one", () => new Bucket(service).openUploads(), ({ length }) => length === 0);
});

test("F8: where storage is blocked everything is sent, with one warning that stays and nothing in the console", async () => {
  const { gate, profile, service } = world;
  await mkdir(join(profile.folder, "Default"));
  const blocked = { profile: { default_content_setting_values: { cookies: 2 } } };
  await writeFile(join(profile.folder, "Default", "Preferences"), JSON.stringify(blocked));
  const files = await world.photos(2, "blocked");
  const page = await profile.open(service.address);
  assert.match(await page.evaluate(() => new Promise((done) => {
    try {
      const opening = indexedDB.open("probe");
      opening.onsuccess = () => done("works");
      opening.onerror = () => done(String(opening.error));
    } catch (thrown) {
      done(String(thrown));
    }
  })), /denied|not allowed|Error/i, "storage is blocked");
  gate.bytesPerSecond = 0;
  const notKept = page.getByText(/This browser keeps no files for this page. Keep it open/);
  await choose(page, files[0]);
  await notKept.waitFor();
  assert.equal(await asksBeforeLeaving(page), true);
  await choose(page, files[1]);
  assert.equal(await notKept.isVisible(), true, "it is true of the second one, too, and told no other time");
  await writeFile(join(world.folder, "list.txt"), "No photo.");
  await drop(page, join(world.folder, "list.txt"));
  await page.getByText("“list.txt” was left out").waitFor();
  assert.equal(await notKept.isVisible(), true, "beside what else there is to say");
  gate.bytesPerSecond = Infinity;
  await allRows(page, ["stored"], 120_000);
  await notKept.waitFor({ state: "hidden" });
  await world.assertStored(files, VARIANTS);
  assert.deepEqual(page.complaints, []);
});

test("the browser asks before the page is left only while something is not kept", async () => {
  const { gate, profile, service } = world;
  const [photo] = await world.photos(1, "asks");
  const page = await profile.open(service.address);
  assert.equal(await asksBeforeLeaving(page), false);
  gate.bytesPerSecond = 0;
  await choose(page, photo);
  await areKept(page, 1);
  await eventually("it does not ask any more", () => asksBeforeLeaving(page), (asks) => !asks);
});

test("without https, where there is no private file system and no Web Locks, IndexedDB keeps the queue", async () => {
  const { gate, profile, service } = world;
  const files = await world.photos(2, "plain http");
  const address = `http://phone:${service.port}`;
  const args = ["--host-resolver-rules=MAP phone 127.0.0.1"];
  const page = await profile.open(address, { args });
  assert.deepEqual(await page.evaluate(() => [isSecureContext, "locks" in navigator, "storage" in navigator]), [false, false, false]);
  gate.bytesPerSecond = 0;
  await choose(page, ...files);
  await areKept(page, 2);
  assert.deepEqual((await keptFiles(page)).places, ["indexed_db"]);
  const other = await profile.tab(address);
  await eventually("another tab shows them", () => rows(other), (list) => list.length === 2);
  await page.close();
  gate.bytesPerSecond = Infinity;
  // The lease has to run out: nobody tells that a tab is gone.
  await allRows(other, ["stored"], 120_000);
  await world.assertStored(files, VARIANTS);
  await nothingIsKept(other);
});
