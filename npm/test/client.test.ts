/** The client with workers that a test answers for: what becomes of uploads that end and are tried again. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Windlass } from "../src/client.js";
import type { Photo } from "../src/generated/Photo";
import type { Upload } from "../src/upload.js";
import { beforeUnload } from "./before-unload.js";
import { FakeDatabase } from "./fake-database.js";
import { fakePage, PageWorker, told, worker } from "./fake-page.js";
import { settle } from "./fake-worker.js";

const page = fakePage();
let client: Windlass;

beforeEach(() => {
  client = new Windlass({ endpoint: "https://photos.example.com", project: "job-7", token: () => "jwt", imageWorkers: 1 });
});
afterEach(() => {
  client.close();
  mock.restoreAll();
});

/** What the engine and the keeping worker say. */
function says(event: object): void {
  worker("windlass-upload")?.say({ kind: "event", event });
}

const failed = (clientRef: string): void =>
  says({ type: "failed", client_ref: clientRef, error: { code: "forbidden", message: "Not in this project.", retryable: true, request_id: null } });

const stored = (clientRef: string, alreadyStored = false): void =>
  says({ type: "stored", client_ref: clientRef, photo: { photo_id: "p1" } as Photo, same_as: null, already_stored: alreadyStored });

const isCancelled = (clientRef: string): void => says({ type: "cancelled", client_ref: clientRef });

const kept = (clientRef: string): void => worker("windlass-keep")?.say({ kind: "kept", clientRef });

/** Whether the browser would ask before the page is left. */
const asksBeforeLeaving = (): boolean => !page().dispatchEvent(beforeUnload());

const file = (name = "roof.pdf"): File => new File(["bytes"], name, { type: "application/pdf", lastModified: 1 });

/** Added, and with the engine. */
async function sent(signal?: AbortSignal, name?: string): Promise<Upload> {
  const upload = client.add(file(name), signal && { signal });
  await settle();
  assert.equal(upload.state, "queued");
  return upload;
}

/** A signal that tells how many listen to it. */
function signalOf(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  let count = 0;
  const { addEventListener } = signal;
  signal.addEventListener = ((type: string, listener: EventListener, options: AddEventListenerOptions = {}) => {
    count += 1;
    options.signal?.addEventListener("abort", () => (count -= 1));
    addEventListener.call(signal, type, listener, options);
  }) as typeof addEventListener;
  return { controller, listeners: () => count };
}

const photo = (name: string): File => new File(["bytes"], name, { type: "image/jpeg" });

/** The image worker answers so many times, as far as that is needed to make thumbnails: twice for each photo. */
async function imageWorkerAnswers(times: number): Promise<void> {
  const blob = new Blob(["small"], { type: "image/jpeg" });
  const images = [{ name: "thumb_200", content_type: "image/jpeg", width: 200, height: 150, blob }];
  const metadata = { content_type: "image/jpeg", width: 4000, height: 3000, warnings: [] };
  const work = { decoder: "photo", took_ms: 1, memory_bytes: 1 };
  for (let time = 0; time < times; time += 1) {
    await settle();
    const isReading = asked().at(-1) === "read";
    worker("windlass-image")?.say({ kind: "done", reply: isReading ? { task: "read", metadata } : { task: "resize", images, warnings: [], work } });
  }
  await settle();
}

/** What the image worker was asked to do. */
function asked(): string[] {
  const messages = (worker("windlass-image")?.received ?? []) as { request?: { task: string } }[];
  return messages.flatMap(({ request }) => request?.task ?? []);
}

async function photographed(name: string): Promise<Upload> {
  const upload = client.add(photo(name));
  await imageWorkerAnswers(2);
  return upload;
}

const manyOf = (name: string, of: (name: string) => File): File[] => Array.from({ length: 200 }, (_, index) => of(`${index}${name}`));

test("a closed client holds no thumbnail, whenever it was made, and a thumbnail that was released is let go of", async () => {
  const revoked = mock.method(URL, "revokeObjectURL");
  const first = await photographed("first.jpg");
  stored(first.clientRef);
  const second = await photographed("second.jpg");
  stored(second.clientRef);
  const third = await photographed("third.jpg");
  assert.deepEqual(client.uploads, [third], "the others are not under way any more");
  const previews = [first, second, third].map(({ preview }) => preview);
  assert.ok(previews.every((preview) => preview?.startsWith("blob:")));
  second.releasePreview();
  client.close();
  assert.deepEqual(revoked.mock.calls.map((call) => call.arguments[0]), [previews[1], previews[0], previews[2]]);
  assert.deepEqual([first, second, third].map(({ preview }) => preview), [null, null, null]);
});

test("of very many photos 150 are prepared ahead of what is stored, and documents keep none of them waiting", async () => {
  const documents = client.add(manyOf(".pdf", file));
  await settle();
  assert.ok(documents.every(({ state }) => state === "queued"));
  const photos = client.add(manyOf(".jpg", photo));
  await imageWorkerAnswers(300);
  assert.deepEqual(photos.map(({ state }) => state), photos.map((_, index) => (index < 150 ? "queued" : "preparing")));
  assert.equal(asked().length, 300);
  stored(photos[0]?.clientRef ?? "");
  await imageWorkerAnswers(2);
  assert.deepEqual([photos[150]?.state, photos[151]?.state, asked().length], ["queued", "preparing", 302]);
});

test("two who hold one upload try it again together, and it is sent once", async () => {
  const upload = await sent();
  assert.equal(client.add(file()), upload, "the same file while it is under way");
  failed(upload.clientRef);
  const retry = upload.retry();
  assert.equal(upload.retry(), retry);
  await settle();
  assert.deepEqual(told("windlass-upload", "add"), [upload.clientRef, retry.clientRef], "one of them is the retry");
  stored(retry.clientRef);
  assert.equal((await retry.done).photo_id, "p1");
  assert.deepEqual(client.uploads.filter(({ ended }) => !ended), [], "nothing is under way");
});

test("a retry of what was tried again before goes on from the last try", async () => {
  const upload = await sent();
  failed(upload.clientRef);
  const second = upload.retry();
  await settle();
  failed(second.clientRef);
  const third = upload.retry();
  assert.notEqual(third, second);
  assert.equal(second.retry(), third);
  await settle();
  stored(third.clientRef);
  assert.equal(upload.retry(), third, "it is there: nothing is left to try");
  assert.equal(told("windlass-upload", "add").length, 3);
});

test("a failed upload is not tried again beside one that was added under its name", async () => {
  const upload = client.add(file(), { clientRef: "plan-7" });
  await settle();
  failed("plan-7");
  const added = client.add(file(), { clientRef: "plan-7" });
  assert.notEqual(added, upload);
  assert.equal(upload.retry(), added);
});

test("what was stored already is sent once more, however often that is asked for", async () => {
  const upload = await sent();
  stored(upload.clientRef, true);
  const retry = upload.retry();
  assert.notEqual(retry.clientRef, upload.clientRef);
  assert.equal(upload.retry(), retry);
  await settle();
  stored(retry.clientRef);
  assert.equal(upload.retry(), retry);
  assert.equal(told("windlass-upload", "add").length, 2);
});

test("to cancel an upload that failed leaves its retry alone, and what is kept for it", async () => {
  const upload = await sent();
  kept(upload.clientRef);
  failed(upload.clientRef);
  const retry = upload.retry();
  await settle();
  upload.cancel();
  assert.equal(retry.ended, false);
  assert.deepEqual(told("windlass-upload", "cancel"), []);
  assert.deepEqual(told("windlass-keep", "forget"), [], "a kept copy goes on with the next page");
  retry.cancel();
  isCancelled(retry.clientRef);
  assert.equal(retry.state, "cancelled");
  assert.deepEqual(told("windlass-keep", "forget"), [retry.clientRef]);
});

test("the signal that came with a file cancels its retry", async () => {
  const controller = new AbortController();
  const upload = await sent(controller.signal);
  kept(upload.clientRef);
  failed(upload.clientRef);
  const retry = upload.retry();
  await settle();
  controller.abort();
  isCancelled(retry.clientRef);
  assert.equal(retry.state, "cancelled");
  assert.deepEqual(told("windlass-upload", "cancel"), [retry.clientRef]);
  assert.deepEqual(told("windlass-keep", "forget"), [retry.clientRef]);
  assert.equal(asksBeforeLeaving(), false);
  const third = retry.retry();
  assert.equal(third.ended, false, "what is asked for after the abort is wanted");
});

test("the signal of a file that was stored already cancels it when it is sent anyway", async () => {
  const controller = new AbortController();
  const upload = await sent(controller.signal);
  stored(upload.clientRef, true);
  const retry = upload.retry();
  controller.abort();
  assert.equal(retry.state, "cancelled");
});

test("a signal holds nothing of what has ended for good", async () => {
  const { controller, listeners } = signalOf();
  const [one, two, three] = [await sent(controller.signal, "1.pdf"), await sent(controller.signal, "2.pdf"), await sent(controller.signal, "3.pdf")];
  assert.equal(listeners(), 3);
  stored(one.clientRef);
  two.cancel();
  assert.equal(listeners(), 1);
  failed(three.clientRef);
  assert.equal(listeners(), 1, "what is kept of it goes on with the next page unless it is cancelled");
  const retry = three.retry();
  await settle();
  assert.equal(listeners(), 1, "of the retry");
  failed(retry.clientRef);
  client.close();
  assert.equal(listeners(), 0);
});

test("the signal of a file that failed has what is kept of it forgotten", async () => {
  const { controller, listeners } = signalOf();
  const upload = await sent(controller.signal);
  kept(upload.clientRef);
  failed(upload.clientRef);
  assert.deepEqual(told("windlass-keep", "forget"), []);
  controller.abort();
  assert.deepEqual(told("windlass-keep", "forget"), [upload.clientRef]);
  assert.equal(listeners(), 0);
});

test("what had failed can be discarded after its client was closed; what was under way goes on with the next one", async () => {
  const database = new FakeDatabase();
  Object.assign(globalThis, { indexedDB: database.asFactory });
  try {
    const [refused, triedAgain] = [await sent(), await sent(undefined, "door.pdf")];
    const { namespace, session } = worker("windlass-keep")?.received[0] as { namespace: string; session: string };
    for (const { clientRef: ref } of [refused, triedAgain]) {
      database.put("uploads", { namespace, ref, holder: session });
      kept(ref);
      failed(ref);
    }
    triedAgain.retry();
    client.close();
    refused.cancel();
    triedAgain.cancel();
    await settle();
    assert.deepEqual(database.rows<{ ref: string }>("uploads").map(({ ref }) => ref), [triedAgain.clientRef]);
  } finally {
    Reflect.deleteProperty(globalThis, "indexedDB");
  }
});

test("a file that is added again under its name right after it was cancelled hears nothing of the one before", async () => {
  const roof = photo("roof.jpg");
  const first = client.add(roof, { clientRef: "roof" });
  await settle();
  first.cancel();
  const second = client.add(roof, { clientRef: "roof" });
  await settle();
  assert.equal(second.state, "preparing", "the first was still being read");
  failed("roof");
  assert.equal(second.state, "preparing", "the engine has not got it yet");
  client.add(file(), { clientRef: "plan" }).cancel();
  const plan = client.add(file(), { clientRef: "plan" });
  await settle();
  isCancelled("plan");
  assert.equal(plan.state, "queued");
});

test("what the service has made a photo of when it is cancelled ends as stored, and is being cancelled until that is known", async () => {
  const upload = await sent();
  says({ type: "phase", client_ref: upload.clientRef, phase: "checking", reason: null });
  kept(upload.clientRef);
  const seen: string[] = [];
  client.addEventListener("statechange", ({ upload: { state, isCancelling } }) => seen.push(isCancelling ? `${state}, cancelling` : state));
  client.addEventListener("photo", ({ photo }) => seen.push(photo.photo_id));
  upload.cancel();
  upload.cancel();
  client.pause();
  assert.deepEqual([upload.state, upload.isCancelling, upload.ended], ["checking", true, false]);
  assert.deepEqual(told("windlass-upload", "cancel"), [upload.clientRef]);
  assert.deepEqual(told("windlass-keep", "forget"), [upload.clientRef], "it is not to come back with the next page");
  assert.equal(asksBeforeLeaving(), false);
  stored(upload.clientRef);
  assert.equal((await upload.done).photo_id, "p1");
  assert.equal(upload.isCancelling, false);
  assert.deepEqual(seen, ["checking, cancelling", "stored", "p1"]);
});

test("what was cancelled in time ends as cancelled when the engine says so", async () => {
  const upload = await sent();
  upload.cancel();
  isCancelled(upload.clientRef);
  await assert.rejects(upload.done, { name: "AbortError", code: "cancelled", file: "roof.pdf" });
  assert.equal(upload.state, "cancelled");
});

test("what fails while it is being cancelled is cancelled", async () => {
  const upload = await sent();
  upload.cancel();
  failed(upload.clientRef);
  assert.equal(upload.state, "cancelled");
});

test("a worker that dies with a file that is being cancelled ends that, and the next one does not get it", async () => {
  const [upload, other] = [await sent(), await sent(undefined, "door.pdf")];
  upload.cancel();
  worker("windlass-upload")?.crash("out of memory");
  assert.equal(upload.state, "cancelled");
  await settle();
  const again = PageWorker.all.filter(({ options }) => options.name === "windlass-upload").at(-1);
  assert.deepEqual(again?.received.flatMap((message) => (message as { clientRef?: string }).clientRef ?? []), [other.clientRef]);
});

test("a client that is closed ends what is being cancelled", async () => {
  const upload = await sent();
  upload.cancel();
  client.close();
  assert.equal(upload.state, "cancelled");
});

test("a file that is added while one of its name is being cancelled is another upload, and goes when that has ended", async () => {
  const first = client.add(file(), { clientRef: "plan" });
  await settle();
  first.cancel();
  const second = client.add(file(), { clientRef: "plan" });
  assert.notEqual(second, first);
  await settle();
  second.pause();
  assert.deepEqual(told("windlass-upload", "add"), ["plan"], "the engine knows one of a name");
  assert.deepEqual(told("windlass-upload", "pause"), []);
  stored("plan");
  assert.deepEqual([first.state, second.state], ["stored", "paused"]);
  assert.deepEqual(told("windlass-upload", "add"), ["plan", "plan"]);
  assert.deepEqual(told("windlass-upload", "pause"), ["plan"]);
  assert.deepEqual(told("windlass-keep", "forget"), ["plan"], "what is kept by now is the second one's");
});

test("what is being cancelled can be tried again at once, under a name of its own", async () => {
  const upload = await sent();
  upload.cancel();
  const retry = upload.retry();
  assert.notEqual(retry.clientRef, upload.clientRef);
  await settle();
  isCancelled(upload.clientRef);
  assert.deepEqual([upload.state, retry.state], ["cancelled", "queued"]);
});

test("a name under which some of a file may have been sent before has the store asked for it first", async () => {
  client.add(file("roof.pdf"), { clientRef: "roof" });
  client.add(file("door.pdf"), { clientRef: "door", resumed: true });
  await settle();
  const messages = (worker("windlass-upload")?.received ?? []) as { clientRef: string; description?: { resumed: boolean } }[];
  const resumed = messages.flatMap(({ clientRef, description }) => (description === undefined ? [] : [[clientRef, description.resumed]]));
  assert.deepEqual(resumed, [["roof", false], ["door", true]]);
});

test("a file that was saved anew is not asked for any more, nor by the next page", async () => {
  await sent();
  const lost = { client_ref: "lost", filename: "plan.pdf", size_bytes: 5, last_modified_ms: 7 };
  worker("windlass-keep")?.say({ kind: "restored", uploads: [], missing: [lost], unreadable: [], elsewhere: 0, isWhole: true });
  assert.deepEqual(client.missing, [{ filename: "plan.pdf", size: 5 }]);
  client.add(file("plan.pdf"));
  assert.deepEqual(client.missing, []);
  assert.deepEqual(told("windlass-keep", "forget"), ["lost"]);
});

test("what was paused, failed and is tried again is not kept as paused: the next page goes on with it", async () => {
  const upload = await sent();
  kept(upload.clientRef);
  upload.pause();
  failed(upload.clientRef);
  upload.retry();
  const received = (worker("windlass-keep")?.received ?? []) as { kind: string; paused?: boolean }[];
  assert.deepEqual(received.flatMap(({ kind, paused }) => (kind === "paused" ? [paused] : [])), [true, false]);
});

test("options with which nothing would ever be sent are refused at once", () => {
  const options = { endpoint: "https://photos.example.com", project: "job-7", token: () => "jwt" };
  for (const wrong of [{ endpoint: undefined as unknown as string }, { maxConnections: 0 }, { imageWorkers: 1.5 }]) {
    assert.throws(() => new Windlass({ ...options, ...wrong }), { code: "invalid_options", message: new RegExp(Object.keys(wrong)[0] ?? "") });
  }
});
