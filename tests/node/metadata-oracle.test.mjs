/**
 * `windlass/core` under Node beside exiftool: the eight fields that matter, over real photos; and bad files.
 * Runs over `../shared/corpora` when that folder lies beside the checkout, and says so when it does not.
 */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { readMetadata } from "../../npm/dist/core.node.js";

const corpora = fileURLToPath(new URL("../../../shared/corpora", import.meta.url));
const skip = existsSync(corpora) ? false : "skipped: ../shared/corpora is not beside this checkout";

/** The share of photos on which all eight fields must equal exiftool's. */
const WANTED_RATE = 0.985;
/** Reading the metadata of a hostile file may take this long; the goal is 50 ms, the rest is for a busy machine. */
const LIMIT_MS = 250;

const near = (left, right, tolerance) =>
  left === null || right === null ? left === right : Math.abs(left - right) <= tolerance;

/** In EXIF a date of blanks between the colons means that the camera did not know it. */
function dateOf(dto) {
  return dto && /\d/.test(dto) ? dto.replace(/^(\d+):(\d+):(\d+) /, "$1-$2-$3T") : null;
}

function differences(ours, theirs) {
  const fields = {
    make: (ours.make ?? "") === (theirs.make ?? "").trim(),
    model: (ours.model ?? "") === (theirs.model ?? "").trim(),
    orientation: ours.orientation === theirs.orientation,
    date: (ours.taken_at?.local.slice(0, 19) ?? null) === dateOf(theirs.dto),
    offset: (ours.taken_at?.offset ?? null) === theirs.offset,
    latitude: near(ours.location?.latitude ?? null, theirs.lat, 1e-6),
    longitude: near(ours.location?.longitude ?? null, theirs.lon, 1e-6),
    altitude: near(ours.location?.altitude_m ?? null, theirs.alt, 0.01),
  };
  return Object.keys(fields).filter((name) => !fields[name]);
}

test("the camera's fields equal exiftool's", { skip }, async () => {
  const oracle = JSON.parse(readFileSync(join(corpora, "exif-oracle.json"), "utf8"));
  const photos = oracle.filter(
    ({ path, exif }) => existsSync(join(corpora, path)) && Object.values(exif).some((value) => value !== null),
  );
  const wrong = [];
  for (const { path, exif } of photos) {
    const bytes = new Uint8Array(readFileSync(join(corpora, path)));
    const ours = await readMetadata(bytes).catch((error) => error);
    const fields = ours instanceof Error ? [`${ours.code}: ${ours.message}`] : differences(ours, exif);
    if (fields.length > 0) wrong.push(`${path}: ${fields.join(", ")}`);
  }
  const rate = 1 - wrong.length / photos.length;
  console.log(`all eight fields right on ${photos.length - wrong.length} of ${photos.length} photos (${(100 * rate).toFixed(1)} %)`);
  assert.ok(photos.length > 50, `only ${photos.length} photos found`);
  assert.ok(rate >= WANTED_RATE, `below ${100 * WANTED_RATE} %:\n${wrong.join("\n")}`);
});

test("a hostile file is read quickly or refused with a code", { skip }, async () => {
  const files = ["bad", "generated"].flatMap((folder) =>
    readdirSync(join(corpora, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name)),
  );
  const slow = [];
  let slowest = 0;
  for (const path of files) {
    const bytes = new Uint8Array(readFileSync(path));
    const started = performance.now();
    try {
      const metadata = await readMetadata(bytes);
      assert.ok(Array.isArray(metadata.warnings), path);
    } catch (error) {
      assert.equal(error.name, "WindlassError", `${path}: ${error}`);
      assert.match(error.code, /^[a-z_]+$/, path);
      assert.notEqual(error.code, "wasm_trap", path);
    }
    let took = performance.now() - started;
    // The machine may have stood still; what is slow by itself is slow each time.
    for (let again = 0; took > LIMIT_MS && again < 2; again += 1) {
      const begun = performance.now();
      await readMetadata(bytes).catch(() => {});
      took = Math.min(took, performance.now() - begun);
    }
    slowest = Math.max(slowest, took);
    if (took > LIMIT_MS) slow.push(`${path}: ${took.toFixed(0)} ms`);
  }
  console.log(`${files.length} bad files, the slowest took ${slowest.toFixed(1)} ms`);
  assert.ok(files.length > 500, `only ${files.length} files found`);
  assert.deepEqual(slow, []);
});
