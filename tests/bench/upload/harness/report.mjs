/** The table that a person reads, and the goals beside the figures. */

import { RACES } from "../cases.mjs";
import { median, rounded } from "./numbers.mjs";

const NAMES = ["windlass", "uppy-v6", "uppy-v5"];

export function printReport(results, { cores, load_before: before, load_after: after }) {
  console.log(`${cores} cores; load ${before} before, ${after} after\n`);
  const raced = RACES.filter(({ name }) => results.some((result) => result.case === name));
  const table = [["", ...NAMES, "waste"], ...raced.map((one) => rowOf(one, results))];
  const widths = table[0].map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  for (const cells of table) {
    console.log(cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  "));
  }
  for (const { case: name, seed, seen_ms: seen, stored_ms: stored } of results.filter((result) => result.case === "previews")) {
    console.log(`\n${name}, seed ${seed}: four thumbnails seen after ${seen} ms, four photos stored after ${stored} ms`);
  }
  for (const { uploader, stored, of, p50_ms: p50, p95_ms: p95 } of results.filter((result) => result.case === "outage")) {
    console.log(`\noutage, ${uploader}: ${stored} of ${of} stored after the return${p95 === undefined ? "" : `; p50 ${p50} ms, p95 ${p95} ms`}`);
  }
  for (const { photos, longest_task_ms: own, longest_by_the_clock_ms: clock, all_stored_ms: all } of results.filter(
    (result) => result.case === "main-thread",
  )) {
    console.log(`\nmain thread, ${photos} photos: longest task ${own} ms of its own time, ${clock} ms by the clock; all stored after ${all} ms`);
  }
  for (const { readings } of results.filter((result) => result.case === "memory")) {
    console.log(`\nmemory: ${readings.map(({ photos, mb }) => `${mb} MB after ${photos}`).join(", ")}`);
  }
  console.log("\ngoal");
  for (const { what, figure, limit, atLeast } of goals(results)) {
    const met = atLeast ? figure >= limit : figure <= limit;
    console.log(`  ${what.padEnd(56)} ${String(figure).padStart(8)}  ${atLeast ? "≥" : "≤"} ${String(limit).padEnd(6)} ${met ? "met" : "MISSED"}`);
  }
}

const of = (results, name, who) => results.filter((result) => result.case === name && result.uploader === who);

function rowOf({ name, title }, results) {
  const ours = of(results, name, "windlass");
  const cells = NAMES.map((who) => cellOf(of(results, name, who)));
  return [title, ...cells, ours.length > 0 ? String(Math.max(...ours.map(({ waste }) => waste))) : "–"];
}

/** The median time where all were stored each time; otherwise how far it came. */
function cellOf(taken) {
  if (taken.length === 0) return "–";
  const failed = taken.find(({ stored, of: all }) => stored < all);
  if (failed !== undefined) return `${failed.stored} of ${failed.of} in ${rounded(failed.wall_s)} s`;
  return `${rounded(median(taken.map(({ wall_s: wall }) => wall)), 2)} s`;
}

/** What issue 4 asks for, of the cases that were run. */
function* goals(results) {
  for (const name of ["loopback-1x256", "loopback-40x3"]) {
    const ratio = againstTheFaster(results, name);
    if (ratio !== undefined) yield { what: `${name}: speed, × the faster Uppy`, figure: ratio, limit: 1, atLeast: true };
  }
  for (const { name, sizes, line } of RACES.filter(({ line: bits }) => bits !== undefined)) {
    for (const { wall_s: wall, waste } of of(results, name, "windlass")) {
      const bytes = sizes.reduce((sum, size) => sum + size, 0);
      yield { what: `${name}: share of the line's rate`, figure: rounded((bytes * 8) / line / wall, 3), limit: 0.95, atLeast: true };
      yield { what: `${name}: waste`, figure: waste, limit: 1 };
    }
  }
  for (const [name, limit] of [["bad-4x3", 73], ["bad-1x12.6", 76]]) {
    for (const { seed, stored, of: all, wall_s: wall, waste } of of(results, name, "windlass")) {
      yield { what: `${name}, seed ${seed}: stored`, figure: stored, limit: all, atLeast: true };
      yield { what: `${name}, seed ${seed}: s`, figure: wall, limit };
      yield { what: `${name}, seed ${seed}: waste`, figure: waste, limit: 1.08 };
    }
  }
  for (const { seed, wall_s: wall } of of(results, "zombie-6x3", "windlass")) {
    yield { what: `zombie-6x3, seed ${seed}: s`, figure: wall, limit: 35 };
  }
  for (const { seed, seen_ms: seen } of of(results, "previews", "windlass")) {
    yield { what: `previews, seed ${seed}: thumbnails in the gallery, ms`, figure: seen, limit: 6_000 };
  }
  for (const { p95_ms: p95 } of of(results, "outage", "windlass")) {
    yield { what: "60 s outage of the service: recovery p95, ms", figure: p95, limit: 10_000 };
  }
  for (const { longest_task_ms: task } of of(results, "main-thread", "windlass")) {
    yield { what: "40 photos: longest task of the main thread, ms", figure: task, limit: 50 };
  }
  for (const { stored, of: all, waste, lost, corrupt, twice } of of(results, "endurance", "windlass")) {
    yield { what: "endurance: stored", figure: stored, limit: all, atLeast: true };
    yield { what: "endurance: lost, corrupt or twice", figure: lost + corrupt + twice, limit: 0 };
    yield { what: "endurance: waste", figure: waste, limit: 1.05 };
  }
  // Over the whole run it would be twice as much.
  for (const { photos, growth_mb: growth } of of(results, "memory", "windlass")) {
    yield { what: `${photos} photos: growth of the least from the first half to the second, MB`, figure: growth, limit: 11 };
  }
}

/** The median over the rounds of theirs to ours in the same round: what slows down the machine slows down both. */
function againstTheFaster(results, name) {
  const ours = of(results, name, "windlass");
  const ratios = NAMES.slice(1).flatMap((who) => {
    const theirs = of(results, name, who).filter(({ stored, of: all }) => stored === all);
    const pairs = theirs.flatMap(({ round, wall_s: wall }) => {
      const own = ours.find((result) => result.round === round);
      return own === undefined ? [] : [wall / own.wall_s];
    });
    return pairs.length === 0 ? [] : [median(pairs)];
  });
  return ratios.length === 0 ? undefined : rounded(Math.min(...ratios), 2);
}
