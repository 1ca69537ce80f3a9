/** Faults between the browser and the service: rows F2, F16, F23–F26 of the fault list. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { makeVideo } from "../../harness/bytes.mjs";
import { ENGINE, elsewhereOnlyLong } from "../../harness/engine.mjs";
import { eventually } from "../../harness/eventually.mjs";
import { COMPLETE, CREATE, problem, PUT, SIGN } from "../../harness/fault-proxy.mjs";
import { took } from "../../harness/running-clock.mjs";
import { Scene } from "../../harness/scene.mjs";

const MIB = 1024 * 1024;
/** The row's minute with `cargo xtask test faults --long`. */
const DOWN_MS = process.env.WINDLASS_LONG ? 60_000 : 15_000;
/** On a busy machine the other engines tell so rarely how far a request is that one may be given up. */
const NOTHING_TWICE = ENGINE === "chromium" ? { wasteMost: 1.001 } : {};
let scene;
let made = 0;

before(async () => {
  scene = await Scene.open();
});
after(() => scene?.close());

function video(sizeBytes) {
  made += 1;
  return makeVideo(join(scene.folder, `video-${made}.mp4`), sizeBytes, 100 + made);
}

const asked = async (path) => (await scene.proxy.requests()).filter((each) => each.front === "service" && path.test(each.path));

test("F2 F25 a lost answer to the announcement makes no second upload", async () => {
  const visit = await scene.visit();
  await scene.proxy.rules({ ...CREATE, times: 3, fault: { kind: "drop_after" } });
  await visit.choose(await video(12 * MIB), await video(MIB));
  await visit.ended();
  assert.ok((await asked(/uploads$/)).filter(({ method }) => method === "POST").length >= 4);
  await visit.allStored();
});

test("F16 a token that expires in the middle is renewed, no more often than it is refused, and the files go on", async () => {
  const visit = await scene.visit({ variants: [] });
  await scene.proxy.rules(
    { ...COMPLETE, times: 2, fault: problem(401, "token_expired") },
    { ...SIGN, times: 1, fault: problem(401, "token_expired") },
  );
  await visit.choose(await video(12 * MIB), await video(MIB), await video(MIB + 1), await video(MIB + 2));
  await visit.ended();
  const tokens = await visit.run(() => window.tokensAsked);
  // The first, and one for each moment at which it was refused: three at the most.
  assert.ok(tokens >= 2 && tokens <= 4, `${tokens} tokens were asked for`);
  await visit.allStored(NOTHING_TWICE);
});

test("F23 a service that is dead for a while: what is signed goes on, and ten seconds after its return it answers the engine", elsewhereOnlyLong(), async () => {
  const apart = await Scene.open({ storeApart: true });
  try {
    const visit = await apart.visit();
    const journal = () => apart.proxy.requests();
    /** The journal's clock, which is the proxy's. */
    const now = async () => {
      await fetch(`${apart.proxy.fronts.service}/healthz`).catch(() => undefined);
      return (await journal()).findLast(({ path }) => path === "/healthz").started_ms;
    };
    await apart.proxy.link({ up_bits_per_s: 20_000_000, down_bits_per_s: 20_000_000, round_trip_ms: 20 });
    await visit.choose(await video(22 * MIB), await video(MIB), await video(2 * MIB));
    await visit.partsStored(1);
    await apart.service.pause("SIGKILL");
    const died = await now();
    await eventually("the page says so", () => visit.rows(), (list) => list.some(({ state }) => state === "retrying"));
    // On a busy machine a small one may have been stored before.
    const ended = await visit.ends();
    assert.ok(ended.length < 3 && ended.every(({ state }) => state === "stored"), JSON.stringify(ended));
    const goneOn = ({ status, ended_ms: ended }) => status === 200 && ended > died;
    await eventually("what is signed is stored meanwhile", () => visit.puts(), (puts) => puts.some(goneOn));
    await new Promise((done) => setTimeout(done, DOWN_MS));
    assert.deepEqual(await visit.ends(), ended, "nothing is given up, and nothing called stored");
    await apart.service.resume();
    const back = await now();
    // The engine's own requests: the page's gallery asks for photos, tickets and events.
    const isEngines = ({ front, method, path }) => front === "service" && method === "POST" && /\/(uploads|parts|complete)$/.test(path);
    const answered = (each) => isEngines(each) && each.started_ms >= back && each.status >= 200 && each.status < 300;
    let first;
    const engineIsAnswered = async () => {
      first = (await eventually("the engine is answered", journal, (list) => list.some(answered))).find(answered);
    };
    // By the journal's clock, or by those that stand still where the machine does.
    const waitedMs = await took((work) => visit.run(work), engineIsAnswered);
    const answeredMs = Math.min(first.ended_ms - back, waitedMs);
    console.log(`the engine was answered ${Math.round(answeredMs)} ms after the return`);
    assert.ok(answeredMs < 10_000, `${answeredMs} ms`);
    await visit.allStored({ timeoutMs: 120_000 });
  } finally {
    await apart.close();
  }
});

test("F24, pain 2: 500, 502, 504 and 429 are tried again, no sooner than Retry-After says", async () => {
  const visit = await scene.visit({ variants: [] });
  await scene.proxy.rules(
    { ...CREATE, times: 1, fault: problem(500, "internal") },
    { ...CREATE, times: 1, fault: { kind: "respond", status: 502, body: "<html>Bad Gateway</html>" } },
    { ...CREATE, times: 1, fault: problem(429, "rate_limited", "too fast", { retryAfterS: 3 }) },
    { ...COMPLETE, times: 1, fault: { kind: "respond", status: 504, body: "" } },
  );
  await visit.choose(await video(MIB));
  await visit.ended();
  const creates = (await asked(/uploads$/)).filter(({ method }) => method === "POST");
  assert.deepEqual(creates.map(({ status }) => status), [500, 502, 429, 201]);
  assert.ok(creates[3].started_ms - creates[2].ended_ms >= 3_000, "Retry-After was honoured");
  await visit.allStored();
});

test("what neither the service nor the store has said ends nothing: portals, proxies, a deployment", async () => {
  const visit = await scene.visit({ variants: [] });
  const page = (status) => ({ kind: "respond", status, headers: { "content-type": "text/html" }, body: "<h1>Sign in to the hotel's network</h1>" });
  const readable = { "access-control-allow-origin": "*", "access-control-expose-headers": "etag" };
  await scene.proxy.rules(
    ...[404, 403, 413, 200].map((status) => ({ ...CREATE, times: 1, fault: page(status) })),
    ...[404, 403].flatMap((status) => [SIGN, COMPLETE].map((which) => ({ ...which, times: 1, fault: page(status) }))),
    ...[403, 403, 403, 403, 404, 400].map((status) => ({ ...PUT, times: 1, fault: { ...page(status), headers: readable } })),
  );
  await visit.choose(await video(12 * MIB), await video(MIB));
  await visit.ended();
  assert.deepEqual(await scene.proxy.met(), Array.from({ length: 14 }, () => 1));
  await visit.allStored();
});

test("F26, pain 18: a lost answer to complete is one photo", async () => {
  const visit = await scene.visit({ variants: [] });
  await scene.proxy.rules({ ...COMPLETE, times: 4, fault: { kind: "drop_after" } });
  await visit.choose(await video(12 * MIB), await video(MIB));
  await visit.allStored(NOTHING_TWICE);
});

test("pain 10: a duplicated request is one upload, one photo", async () => {
  const visit = await scene.visit({ variants: [] });
  await scene.proxy.rules(
    { ...CREATE, fault: { kind: "duplicate", times: 3 } },
    { ...COMPLETE, fault: { kind: "duplicate", times: 3 } },
  );
  await visit.choose(await video(12 * MIB), await video(MIB));
  await visit.allStored();
});
