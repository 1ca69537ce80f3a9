import assert from "node:assert/strict";
import { test } from "node:test";

import { begun, type Running } from "../src/running.js";
import { Turns } from "../src/turns.js";
import { Upload } from "../src/upload.js";
import { settle } from "./fake-worker.js";

const commands = { pause: () => {}, resume: () => {}, cancel: () => {}, retry: (upload: Upload) => upload };

/** So many photos that were chosen, by their numbers, and the numbers of those whose turn has come. */
async function queueOf(count: number, paused = false): Promise<{ running: Map<string, Running>; turns: Turns; prepared: number[] }> {
  const running = new Map<string, Running>();
  const prepared: number[] = [];
  const turns = new Turns(running, ({ upload }) => prepared.push(Number(upload.clientRef)));
  for (let number = 0; number < count; number += 1) {
    const upload = new Upload(commands, String(number), new Blob(["x"]), `${number}.jpg`);
    running.set(upload.clientRef, begun(upload, { paused, resumed: false, again: false }));
    turns.look();
  }
  await settle();
  return { running, turns, prepared };
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

const first = (running: Map<string, Running>, count: number): Running[] => [...running.values()].slice(0, count);

test("150 photos are prepared ahead, in their order, and each one that ends lets one more begin", async () => {
  const { running, turns, prepared } = await queueOf(1_000);
  assert.deepEqual(prepared, numbers(0, 150));
  running.delete("7");
  running.delete("8");
  turns.look();
  await settle();
  assert.deepEqual(prepared, numbers(0, 152));
});

test("originals that wait for Wi-Fi keep no photo from being prepared", async () => {
  const { running, turns, prepared } = await queueOf(200);
  first(running, 150).forEach(({ upload }) => upload.setState("waiting_for_wifi", null));
  turns.look();
  await settle();
  assert.deepEqual(prepared, numbers(0, 200));
});

test("photos that fail for ever, or are put together, keep no other from being prepared until they are hundreds", async () => {
  const { running, turns, prepared } = await queueOf(1_000);
  first(running, 75).forEach(({ upload }) => upload.setState("retrying", "The service failed."));
  first(running, 150).slice(75).forEach(({ upload }) => upload.setState("checking", null));
  turns.look();
  await settle();
  assert.deepEqual(prepared, numbers(0, 300));
  running.forEach(({ upload }) => upload.setState("retrying", "The service failed."));
  for (let looks = 0; looks < 9; looks += 1) {
    turns.look();
    await settle();
  }
  assert.deepEqual(prepared, numbers(0, 600));
});

test("photos that are paused keep no other from being prepared", async () => {
  const { running, turns, prepared } = await queueOf(200);
  first(running, 150).forEach((paused) => (paused.paused = true));
  turns.look();
  await settle();
  assert.deepEqual(prepared, numbers(0, 200));
});

test("where everything is paused or cancelled, one after the other, nothing more begins", async () => {
  const { running, turns, prepared } = await queueOf(1_000);
  for (const one of running.values()) {
    one.paused = true;
    turns.look();
  }
  await settle();
  assert.deepEqual(prepared, numbers(0, 150));
  for (const clientRef of [...running.keys()]) {
    running.delete(clientRef);
    turns.look();
  }
  await settle();
  assert.deepEqual(prepared, numbers(0, 150));
});

test("what is paused before its turn is prepared all the same, to be seen before it is sent", async () => {
  const { prepared } = await queueOf(200, true);
  assert.deepEqual(prepared, numbers(0, 150));
});

test("what an earlier page has prepared is not prepared again", async () => {
  const { running, turns, prepared } = await queueOf(200);
  first(running, 200).slice(150).forEach((restored) => (restored.submitted = true));
  running.delete("0");
  turns.look();
  await settle();
  assert.deepEqual(prepared, numbers(0, 150));
});
