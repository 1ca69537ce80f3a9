/**
 * Files sent from a browser: ours beside Uppy v6 and v5, in the same Chromium, to the same store, through the
 * same fault proxy, every stored object compared by SHA-256. `cargo xtask bench upload [--json]` runs it.
 */

import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { makeVideo } from "../../e2e/harness/bytes.mjs";
import { RACES } from "./cases.mjs";
import { bundle } from "./harness/bundle.mjs";
import { CONTENDERS } from "./harness/contenders.mjs";
import { endurance } from "./harness/endurance.mjs";
import { mainThread } from "./harness/main-thread.mjs";
import { memory } from "./harness/memory.mjs";
import { rounded } from "./harness/numbers.mjs";
import { outage } from "./harness/outage.mjs";
import { previews } from "./harness/previews.mjs";
import { race } from "./harness/race.mjs";
import { printReport } from "./harness/report.mjs";
import { Scene } from "./harness/scene.mjs";

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    rounds: { type: "string" },
    long: { type: "boolean", default: false },
  },
});
const say = (text) => process.stderr.write(`▸ ${text}\n`);

/** The cases that are no races; `long` ones only where they are asked for. */
const OTHERS = [
  { name: "previews", run: runPreviews },
  { name: "outage", run: runOutage },
  { name: "main-thread", run: runMainThread },
  { name: "memory", run: runMemory, long: true },
  { name: "endurance", run: runEndurance, long: true },
];
const wanted = ({ name, long }) => (options.only === undefined ? options.long || !long : options.only.includes(name));
const unknown = (options.only ?? []).filter((name) => ![...RACES, ...OTHERS].some((one) => one.name === name));
if (unknown.length > 0) {
  const names = [...RACES, ...OTHERS].map(({ name }) => name);
  throw new Error(`there is no case called ${unknown.join(", ")}; there are ${names.join(", ")}`);
}

const machine = { cores: availableParallelism(), load_before: rounded(loadavg()[0]) };
const folder = await mkdtemp(join(tmpdir(), "windlass-bench-upload-"));
const photo = join(process.env.WINDLASS_FIXTURES, "photo_12mp_o6.jpg");
const smallPhoto = join(process.env.WINDLASS_FIXTURES, "photo_2mp_o1.jpg");
const results = [];
let scene;
try {
  await bundle(join(folder, "built"));
  scene = await Scene.open(join(folder, "built"));
  for (const one of RACES.filter(wanted)) results.push(...(await runRace(one)));
  for (const { name, run } of OTHERS.filter(wanted)) {
    for (const result of await run()) results.push({ case: name, ...result });
  }
} finally {
  await scene?.close();
  await rm(folder, { recursive: true, force: true });
}
machine.load_after = rounded(loadavg()[0]);
if (options.json) {
  process.stdout.write(`${JSON.stringify({ bench: "upload", machine, cases: results })}\n`);
} else {
  printReport(results, machine);
}

/** They take turns, and each round begins with another one. */
async function runRace({ name, sizes, rounds = 1, seeds, longSeeds, link, timeoutMs }) {
  const paths = [];
  const [net, load] = name.split("-");
  for (const [index, size] of sizes.entries()) {
    paths.push(await makeVideo(join(folder, `${name} ${index}.mp4`), size, 1 + index));
  }
  const turns = seeds === undefined ? Number(options.rounds ?? rounds) : longSeeds && !options.long ? 1 : seeds.length;
  const taken = [];
  for (let turn = 0; turn < turns; turn++) {
    const seed = seeds?.[turn];
    for (let place = 0; place < CONTENDERS.length; place++) {
      const contender = CONTENDERS[(place + turn) % CONTENDERS.length];
      if (seed !== undefined && turn > 0 && contender.name !== "windlass" && !options.long) continue;
      const result = await race(scene, contender, { paths, link: link && { ...link, ...(seed && { seed }) }, timeoutMs });
      say(`${name}${seed ? `, seed ${seed}` : turns > 1 ? `, ${turn + 1} of ${turns}` : ""}: ${JSON.stringify(result)}`);
      taken.push({ case: name, net, load, ...(seed && { seed }), round: turn + 1, ...result });
    }
  }
  await Promise.all(paths.map((path) => rm(path)));
  return taken;
}

async function runPreviews() {
  const results = [];
  for (const seed of options.long ? [1, 2, 3] : [1]) {
    const result = await previews(scene, { photo, folder, seed });
    say(`previews: ${JSON.stringify(result)}`);
    results.push(result);
  }
  return results;
}

async function runOutage() {
  const files = [];
  for (let index = 0; index < 24; index++) {
    files.push(await makeVideo(join(folder, `outage ${index}.mp4`), 300_000, 500 + index));
  }
  const results = [];
  for (const contender of CONTENDERS) {
    const front = contender.name === "windlass" ? "service" : "signer";
    const result = await outage(scene, contender, { front, files });
    say(`outage: ${JSON.stringify(result)}`);
    results.push(result);
  }
  return results;
}

async function runMainThread() {
  const result = await mainThread(scene, { photo, folder });
  say(`main-thread: ${JSON.stringify(result)}`);
  return [result];
}

async function runEndurance() {
  const result = await endurance(scene, { folder, say });
  say(`endurance: ${JSON.stringify(result)}`);
  return [result];
}

async function runMemory() {
  return [await memory(scene, { photo: smallPhoto, folder, say })];
}
