/**
 * Photos made smaller in a browser: ours beside others, in one page of one Chromium, taking turns.
 * `cargo xtask bench image [--json]` runs it.
 */

import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { peakGrowth } from "../../e2e/harness/memory.mjs";
import { timeToStop } from "./harness/abort.mjs";
import { bundle, CONTENDERS, downloadKilobytes } from "./harness/bundle.mjs";
import { launch, longestTask, openPage, run } from "./harness/chromium.mjs";
import { median, rounded } from "./harness/numbers.mjs";
import { printTable } from "./harness/report.mjs";
import { serve } from "./harness/server.mjs";
import { timeToFirstByte } from "./harness/uploader.mjs";

const TASKS = { A: [1920], B: [1920, 800, 200] };
const COLD_RUNS = 3;
const TRACED_RUNS = 3;

const { values: options } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    photo: { type: "string" },
    rounds: { type: "string", default: "7" },
    only: { type: "string", multiple: true },
    quick: { type: "boolean", default: false },
  },
});
const say = (text) => process.stderr.write(`▸ ${text}\n`);
const contenders = CONTENDERS.filter(({ name }) => options.only === undefined || options.only.includes(name));

/** What else the machine is doing: figures taken on a busy one are not those of a quiet one. */
const machine = { cores: availableParallelism(), load_before: rounded(loadavg()[0]) };
const scratch = await mkdtemp(join(tmpdir(), "windlass-bench-"));
let browser;
let server;
try {
  const built = join(scratch, "built");
  server = await serve(await bundle(built), scratch);
  browser = await launch();
  const photo = { path: options.photo, ...describe(options.photo) };
  const rows = new Map(contenders.map(({ name }) => [name, { name, A: [], B: [] }]));

  await warmRounds(photo, rows);
  if (!options.quick) {
    await apart(photo, rows);
  }
  for (const contender of contenders) {
    rows.get(contender.name).download_kb = rounded(await downloadKilobytes(contender, built));
  }
  const uploader = options.quick
    ? []
    : [...(await timeToFirstByte(browser, photo, say)), await timeToStop(browser, photo, say)];
  report(photo, [...rows.values()], uploader);
} finally {
  await browser?.close();
  server?.close();
  await rm(scratch, { recursive: true, force: true });
}

/** All in one page, taking turns; each round begins with another one. */
async function warmRounds(photo, rows) {
  const page = await openPage(browser, server.address, photo);
  say("warming up");
  for (const { script, name } of contenders) {
    for (const edges of [TASKS.A, TASKS.B]) await run(page, script, edges);
    await page.evaluate((given) => globalThis.bench.send(given), script);
    const row = rows.get(name);
    row.dssim = dssim(photo, join(scratch, `${script}.jpg`));
    row.metadata_bytes = metadataBytes(await readFile(join(scratch, `${script}.jpg`)));
  }
  const rounds = Number(options.rounds);
  for (let round = 0; round < rounds; round++) {
    say(`round ${round + 1} of ${rounds}`);
    for (let turn = 0; turn < contenders.length; turn++) {
      const { script, name } = contenders[(turn + round) % contenders.length];
      const row = rows.get(name);
      for (const task of ["A", "B"]) {
        const { milliseconds, bytes } = await run(page, script, TASKS[task]);
        row[task].push(milliseconds);
        row.bytes = bytes[0];
      }
    }
  }
  await page.context().close();
}

/** What needs a page for each contender: its first run, its memory, its tasks on the main thread. */
async function apart(photo, rows) {
  for (let turn = 0; turn < COLD_RUNS; turn++) {
    say(`first runs in fresh pages, ${turn + 1} of ${COLD_RUNS}`);
    for (const { script, name } of contenders) {
      const row = rows.get(name);
      const page = await openPage(browser, server.address, photo);
      const grown = await peakGrowth(browser, async () => {
        const { milliseconds } = await run(page, script, TASKS.B, { settled: false });
        (row.cold ??= []).push(milliseconds);
      });
      if (grown !== undefined) (row.peak ??= []).push(grown);
      if (turn === 0) {
        const tasks = [];
        for (let traced = 0; traced < TRACED_RUNS; traced++) {
          tasks.push(await longestTask(browser, page, () => run(page, script, TASKS.B)));
        }
        row.longest_task_ms = rounded(median(tasks));
      }
      await page.context().close();
    }
  }
}

function describe(path) {
  return JSON.parse(execFileSync(process.env.WINDLASS_DSSIM, ["describe", path], { encoding: "utf8" }));
}

/** What of a JPEG are application segments: EXIF and colour profile, which ours and wasm-vips carry over. */
function metadataBytes(jpeg) {
  let bytes = 0;
  let at = 2;
  while (at + 4 <= jpeg.length && jpeg[at + 1] !== 0xda) {
    const length = 2 + jpeg.readUInt16BE(at + 2);
    if (jpeg[at + 1] >= 0xe1 && jpeg[at + 1] <= 0xef) bytes += length;
    at += length;
  }
  return bytes;
}

/** The difference from the lossless reference. */
function dssim(photo, made) {
  const arguments_ = ["compare", photo.path, made];
  const { dssim: value } = JSON.parse(execFileSync(process.env.WINDLASS_DSSIM, arguments_, { encoding: "utf8" }));
  return value;
}

function report(photo, rows, uploader) {
  machine.load_after = rounded(loadavg()[0]);
  const ours = rows.find(({ name }) => name === "windlass")?.B ?? [];
  // Of runs beside each other: what slows down the machine for a while slows down both.
  const share = (theirs) => median(theirs.map((milliseconds, round) => ours[round] / milliseconds));
  const summary = rows.map(({ A, B, cold, peak, ...row }) => ({
    ...row,
    ...(ours.length > 0 && B.length > 0 && { ours_of_it: rounded(share(B), 3) }),
    ...(A.length > 0 && { a: { median_ms: rounded(median(A)), min_ms: rounded(Math.min(...A)) } }),
    ...(B.length > 0 && { b: { median_ms: rounded(median(B)), min_ms: rounded(Math.min(...B)) } }),
    ...(cold && { cold_b_ms: rounded(median(cold)) }),
    ...(peak && { peak_mb: rounded(median(peak), 0) }),
  }));
  if (!options.json) {
    printTable(photo, summary, uploader, machine);
    return;
  }
  const cases = summary.flatMap(({ name, a, b, bytes, dssim: difference, ...more }) => [
    { task: "A", name, ...a, bytes, dssim: difference },
    { task: "B", name, ...b, bytes, dssim: difference, ...more },
  ]);
  process.stdout.write(`${JSON.stringify({ bench: "image", photo: photo.name, machine, cases: [...cases, ...uploader] })}\n`);
}
