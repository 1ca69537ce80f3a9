/** A browser that slept past its URLs: row F11 of the fault list. It takes as long as a URL lives. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { ARGUMENTS } from "../../../harness/browser.mjs";
import { makeVideo } from "../../../harness/bytes.mjs";
import { Scene } from "../../../harness/scene.mjs";

const MIB = 1024 * 1024;
let scene;
let server;

before(async () => {
  // A server, for its processes are stopped below.
  server = await chromium.launchServer({ executablePath: process.env.WINDLASS_CHROMIUM ?? "/usr/bin/chromium", args: ARGUMENTS });
  scene = await Scene.open({ browser: await chromium.connect(server.wsEndpoint()), args: ["--put-url-seconds", "120"] });
});
after(async () => {
  await scene?.close();
  await server?.close();
});

test("F11, pain 7: after a long sleep URLs are signed again, and no refusal is seen", async () => {
  const visit = await scene.visit();
  await scene.proxy.link({ up_bits_per_s: 20_000_000, down_bits_per_s: 20_000_000, round_trip_ms: 20 });
  await visit.choose(await makeVideo(join(scene.folder, "asleep.mp4"), 60 * MIB, 51));
  await visit.partsStored(1);
  const pids = descendants(server.process().pid);
  for (const pid of pids) process.kill(pid, "SIGSTOP");
  // URLs live for two minutes here.
  await new Promise((done) => setTimeout(done, 121_000));
  for (const pid of pids.reverse()) process.kill(pid, "SIGCONT");
  await visit.ended();
  const refused = (await visit.puts()).filter(({ status }) => status === 403);
  assert.equal(refused.length, 0, "no URL was used after its time");
  await visit.allStored({ wasteMost: 1.6 });
});

/** A process and all that come from it, parents first. */
function descendants(root) {
  const parents = new Map();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    try {
      parents.set(Number(name), Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, "utf8"))[1]));
    } catch {
      // It ended just now.
    }
  }
  const found = [root];
  for (const pid of found) found.push(...[...parents].filter(([, parent]) => parent === pid).map(([child]) => child));
  return found;
}
