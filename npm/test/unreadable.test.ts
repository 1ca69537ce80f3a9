/** What becomes of an upload whose file cannot be kept, or not be read any more, with workers that a test answers for. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Windlass } from "../src/client.js";
import type { Photo } from "../src/generated/Photo";
import type { Upload } from "../src/upload.js";
import { fakePage, told, worker } from "./fake-page.js";
import { settle } from "./fake-worker.js";
import { keptRecord } from "./kept-record.js";

fakePage();
let client: Windlass;

beforeEach(() => {
  client = new Windlass({ endpoint: "https://photos.example.com", project: "job-7", token: () => "jwt" });
});
afterEach(() => {
  client.close();
  mock.restoreAll();
});

const says = (event: object): void => worker("windlass-upload")?.say({ kind: "event", event });

/** Added, and with the engine. */
async function sent(name = "roof.pdf"): Promise<Upload> {
  const upload = client.add(new File(["bytes"], name, { type: "application/pdf", lastModified: 1 }));
  await settle();
  assert.equal(upload.state, "queued");
  return upload;
}

/** All of it is kept. */
const kept = ({ clientRef }: Upload): void => worker("windlass-keep")?.say({ kind: "kept", clientRef });

/** The engine cannot read its file. */
const unreadable = ({ clientRef }: Upload, code = "file_gone"): void =>
  says({ type: "failed", client_ref: clientRef, error: { code, message: "It cannot be read.", retryable: false, request_id: null } });

/** The keeping worker has read what it keeps of it, where that is there. */
async function readAgain({ clientRef, file, filename, type }: Upload, isThere = true, isPrepared = true): Promise<void> {
  await settle();
  const prepared = isPrepared ? { content_type: type, metadata: null, warnings: [], variants: [] } : null;
  const upload = keptRecord(clientRef, file, { filename, prepared });
  const copy = new File(["bytes"], filename, { type, lastModified: 1 });
  const uploads = isThere ? [{ upload, file: copy, variants: [], onWifi: false, interrupted: 0 }] : [];
  const missing = isThere ? [] : [upload];
  worker("windlass-keep")?.say({ kind: "restored", uploads, missing, unreadable: [clientRef], elsewhere: 0, isWhole: true });
  await settle();
}

/** Those of which the keeping worker is to read what it keeps. */
const asked = (): string[] =>
  (worker("windlass-keep")?.received ?? []).flatMap((message) => (message as { unreadable?: string[] }).unreadable ?? []);

test("what is kept of a file that cannot be read any more is sent in its place, as the same upload", async () => {
  const upload = await sent();
  const { clientRef, file } = upload;
  kept(upload);
  unreadable(upload);
  await settle();
  assert.deepEqual([asked(), upload.state], [[clientRef], "retrying"]);
  await readAgain(upload);
  const adds = (worker("windlass-upload")?.received ?? []).filter((message) => (message as { kind: string }).kind === "add");
  const [, again] = adds as { clientRef: string; description: { resumed: boolean } }[];
  assert.deepEqual([again?.clientRef, again?.description.resumed], [clientRef, true]);
  assert.notEqual(upload.file, file);
  assert.deepEqual([upload.state, upload.origin, client.uploads], ["queued", "here", [upload]]);
  assert.deepEqual(told("windlass-keep", "forget"), []);
  says({ type: "stored", client_ref: clientRef, photo: { photo_id: "p1" } as Photo, same_as: null, already_stored: false });
  assert.equal((await upload.done).photo_id, "p1");
});

test("what was paused meanwhile stays so, and what was cancelled is not sent", async () => {
  const [paused, unwanted] = [await sent(), await sent("door.pdf")];
  for (const upload of [paused, unwanted]) {
    kept(upload);
    unreadable(upload);
  }
  paused.pause();
  unwanted.cancel();
  await readAgain(paused);
  await readAgain(unwanted);
  assert.deepEqual([paused.state, unwanted.state, client.missing], ["paused", "cancelled", []]);
  assert.deepEqual(told("windlass-upload", "add"), [paused.clientRef, unwanted.clientRef, paused.clientRef]);
  assert.deepEqual(told("windlass-upload", "pause"), [paused.clientRef, paused.clientRef]);
});

test("a file that cannot be read any more ends its upload where no copy was whole, or none is left", async () => {
  const [notKept, lost] = [await sent(), await sent("door.pdf")];
  kept(lost);
  unreadable(notKept);
  unreadable(lost);
  assert.deepEqual([notKept.state, lost.ended], ["failed", false]);
  await readAgain(lost, false);
  await assert.rejects(lost.done, { code: "file_gone", file: "door.pdf" });
  assert.deepEqual(told("windlass-keep", "forget"), [notKept.clientRef, lost.clientRef]);
});

test("a copy that cannot be read either is not tried for ever, and stays for the next page", async () => {
  const upload = await sent();
  kept(upload);
  for (let times = 0; times < 10; times += 1) {
    unreadable(upload);
    await readAgain(upload);
    assert.equal(upload.state, "queued");
  }
  unreadable(upload);
  assert.equal(upload.state, "failed");
  assert.deepEqual(told("windlass-keep", "forget"), []);
});

test("what cannot be read any more when its turn comes is prepared from what is kept", async () => {
  const file = new File(["bytes"], "roof.pdf", { type: "application/pdf", lastModified: 1 });
  mock.method(file, "slice", () => ({ arrayBuffer: () => Promise.reject(new DOMException("It is gone.", "NotFoundError")) }));
  const upload = client.add(file);
  kept(upload);
  await settle();
  assert.deepEqual([asked(), told("windlass-keep", "prepared")], [[upload.clientRef], []]);
  await readAgain(upload);
  assert.equal(upload.state, "queued");
});

test("what is prepared anew from what is kept is not said to be unreadable any longer", async () => {
  const upload = await sent();
  const states: string[] = [];
  client.addEventListener("statechange", ({ state }) => states.push(state));
  kept(upload);
  unreadable(upload);
  await readAgain(upload, true, false);
  assert.deepEqual(states.slice(0, 2), ["retrying", "preparing"]);
});

test("a changed file that the browser refuses goes as it was kept; of one that it reads nobody knows when it was copied", async () => {
  const [refused, read] = [await sent(), await sent("door.pdf")];
  const refuse = (): object => ({ arrayBuffer: () => Promise.reject(new DOMException("It was changed.", "NotReadableError")) });
  mock.method(refused.file, "slice", refuse as never);
  for (const upload of [refused, read]) {
    kept(upload);
    unreadable(upload, "file_changed");
  }
  await readAgain(refused);
  assert.equal(refused.state, "queued");
  await assert.rejects(read.done, { code: "file_changed" });
});

test("a file that is kept after all has no warning left, however many reasons there were", async () => {
  const upload = await sent();
  for (const code of ["storage_unavailable", "storage_full"]) {
    worker("windlass-keep")?.say({ kind: "not-kept", clientRef: upload.clientRef, code, message: "" });
  }
  assert.deepEqual(upload.warnings.map(({ code }) => code), ["storage_unavailable", "storage_full"]);
  kept(upload);
  assert.deepEqual(upload.warnings, []);
});
