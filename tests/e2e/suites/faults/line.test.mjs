/** A bad line: row F10 of the fault list, and the lines of the bench. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, makeVideo, variation } from "../../harness/bytes.mjs";
import { elsewhereOnlyLong, onlyIn } from "../../harness/engine.mjs";
import { eventually } from "../../harness/eventually.mjs";
import { Scene } from "../../harness/scene.mjs";

const MIB = 1024 * 1024;
/** The row's minute with `cargo xtask test faults --long`. */
const OFFLINE_MS = process.env.WINDLASS_LONG ? 60_000 : 6_000;
let scene;

before(async () => {
  scene = await Scene.open();
});
after(() => scene?.close());

test("F10, pain 3: offline in the middle of a part: said within two seconds, over within five", onlyIn("chromium"), async () => {
  const visit = await scene.visit();
  const line = { up_bits_per_s: 20_000_000, down_bits_per_s: 20_000_000, round_trip_ms: 20 };
  await scene.proxy.link(line);
  await visit.choose(await makeVideo(join(scene.folder, "offline.mp4"), 22 * MIB, 41));
  await visit.partsStored(1);
  const first = async (state, after) =>
    (await visit.run(() => window.states)).find((each) => each.state === state && each.atMs >= after)?.atMs;
  // By the page's clock, which stands still where the machine does.
  const now = () => visit.run(() => window.ranMs());
  await visit.run(() => ["offline", "online"].forEach((name) => addEventListener(name, () => (window[`${name}Ms`] = window.ranMs()))));
  const heard = (name) => eventually(`the page is ${name}`, () => visit.run((of) => window[`${of}Ms`], name), (at) => at !== undefined);

  const gone = await now();
  await scene.proxy.link({ ...line, outages: [{ after_ms: 0, for_ms: 3_600_000 }] });
  await scene.proxy.connections("reset");
  await visit.page.context().setOffline(true);
  const said = await eventually("it says so", () => first("waiting_for_network", gone), (at) => at !== undefined);
  const saidMs = said - (await heard("offline"));
  assert.ok(saidMs < 2_000, `said after ${saidMs} ms`);
  await new Promise((done) => setTimeout(done, OFFLINE_MS));
  assert.deepEqual(await visit.ends(), [], "nothing is given up");

  await scene.proxy.link(line);
  const back = await now();
  await visit.page.context().setOffline(false);
  const moving = await eventually("it goes on", () => first("uploading", back), (at) => at !== undefined);
  const movingMs = moving - (await heard("online"));
  assert.ok(movingMs < 5_000, `moving after ${movingMs} ms`);
  await visit.allStored({ wasteMost: 1.6 });
});

test("a line on which connections go silent: six photos are all stored", elsewhereOnlyLong(), async () => {
  const visit = await scene.visit({ variants: [] });
  const files = [];
  for (let index = 0; index < 6; index++) {
    files.push(await makeVideo(join(scene.folder, `zombie-${index}.mp4`), 3_000_000, 61 + index));
  }
  await scene.proxy.link({ preset: "zombie", seed: 1 });
  await visit.choose(...files);
  // The engine's own test holds it to the 35 s, where time does not depend on the machine.
  await visit.allStored({ timeoutMs: 60_000 });
});

// WebKit tells of what it has handed to its network process, half a megabyte ahead of this on a busy machine.
test("progress is what has arrived and not what was written to a socket", onlyIn("chromium", "firefox"), async () => {
  const visit = await scene.visit({ variants: [] });
  const line = { up_bits_per_s: 4_000_000, down_bits_per_s: 4_000_000, round_trip_ms: 50 };
  await scene.proxy.link(line);
  await visit.run(() => {
    window.told = [];
    document.querySelector("windlass-uploader").client.addEventListener("progress", ({ total }) => {
      window.told.push({ at: Date.now(), sent: total.sent_bytes, confirmed: total.confirmed_bytes, rate: total.rate_bytes_per_s });
    });
  });
  // Chromium's buffers on this machine take one of these at once.
  await visit.choose(
    await makeVideo(join(scene.folder, "honest-0.mp4"), 2_400_000, 71),
    await makeVideo(join(scene.folder, "honest-1.mp4"), 2_400_000, 72),
  );
  const started = Date.now();
  const arrivals = [];
  while ((await visit.ends()).length < 2 && Date.now() - started < 40_000) {
    // Before it is asked: what is told by then has arrived by the time of the answer.
    const at = Date.now();
    const arrived = (await visit.puts()).reduce((sum, { request_bytes: bytes }) => sum + bytes, 0);
    arrivals.push({ at, arrived });
    await new Promise((done) => setTimeout(done, 100));
  }
  for (const { at, sent } of await visit.run(() => window.told)) {
    const next = arrivals.find((each) => each.at >= at);
    if (next !== undefined) assert.ok(sent <= next.arrived * 1.1 + 400_000, `${sent} called sent, ${next.arrived} had arrived`);
  }
  const rates = (await visit.run(() => window.told)).map(({ rate }) => rate).filter((rate) => rate !== null);
  assert.ok(rates.length > 0 && rates.at(-1) < 700_000, `a line of 500 kB/s: ${rates.at(-1)}`);
  await visit.allStored();
});

test("a bad line with resets and an outage: photos are all stored, their previews first", elsewhereOnlyLong(), async () => {
  const visit = await scene.visit();
  const photos = [];
  for (let index = 0; index < 3; index++) {
    photos.push(await variation(fixture("photo_2mp_o1.jpg"), join(scene.folder, `bad-${index}.jpg`), index));
  }
  await visit.choose(...photos);
  // The preset `bad` in little: its faults come while three photos are on their way.
  await scene.proxy.link({
    up_bits_per_s: 2_000_000,
    down_bits_per_s: 10_000_000,
    round_trip_ms: 150,
    reset_every_ms: [8_000, 12_000],
    outages: [{ after_ms: 2_500, for_ms: 5_000 }],
    seed: 2,
  });
  await visit.ended(undefined, 180_000);
  const puts = await visit.puts();
  assert.ok(puts.some(({ status }) => status !== 200), "something was broken off");
  // Of each photo, what was begun first; pieces of a photo, which this line may make of it, come later still.
  const first = new Map();
  const whole = puts.filter(({ path }) => !path.includes("/windlass-staging/"));
  for (const { path } of whole.sort((a, b) => a.started_ms - b.started_ms)) {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!first.has(folder)) first.set(folder, path.slice(folder.length + 1));
  }
  assert.deepEqual([...first.values()], ["thumb_200.jpg", "thumb_200.jpg", "thumb_200.jpg"]);
  await visit.allStored();
});
