import assert from "node:assert/strict";
import { test } from "node:test";

import { formatBytes, formatDuration, formatRate, percentOf } from "../src/elements/format.js";
import { uploaderStrings } from "../src/elements/uploader.strings.js";
import { WindlassError } from "../src/errors.js";
import type { ProgressCounts } from "../src/generated/ProgressCounts";

const counts = (changes: Partial<ProgressCounts> = {}): ProgressCounts => ({
  confirmed_bytes: 0,
  sent_bytes: 1_720_000,
  total_bytes: 4_000_000,
  rate_bytes_per_s: 1_234_567,
  remaining_ms: 9_600,
  ...changes,
});

test("sizes have the unit a person would use", () => {
  const sizes: [number, string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1000, "1 kB"],
    [4_060_000, "4.1 MB"],
    [209_715_200, "210 MB"],
    [999_960_000, "1 GB"],
  ];
  for (const [bytes, text] of sizes) {
    assert.equal(formatBytes(bytes, "en"), text);
  }
  assert.equal(formatRate(1_234_567, "en"), "1.2 MB/s");
  assert.equal(formatBytes(4_060_000, "de"), "4,1 MB");
});

test("remaining time is rounded up, and coarser the longer it is", () => {
  const durations: [number, string][] = [
    [0, "1 s"],
    [8_100, "9 s"],
    [9_600, "10 s"],
    [21_000, "25 s"],
    [58_000, "1 min"],
    [61_000, "2 min"],
    [3_600_000, "1 h"],
    [4_800_000, "1 h 20 min"],
  ];
  for (const [milliseconds, text] of durations) {
    assert.equal(formatDuration(milliseconds), text, String(milliseconds));
  }
});

test("a hundred percent is said only when everything is sent", () => {
  assert.equal(percentOf(999_999, 1_000_000), 99);
  assert.equal(percentOf(1_000_000, 1_000_000), 100);
  assert.equal(percentOf(0, 0), 0);
  assert.equal(percentOf(12, 10), 100);
});

test("sending says how far, how fast and how long", () => {
  assert.equal(uploaderStrings.state("uploading", counts(), 4_000_000), "Sending 43 % · 1.2 MB/s · 10 s left");
});

test("what is not known is left out", () => {
  const unknown = counts({ rate_bytes_per_s: null, remaining_ms: null });
  assert.equal(uploaderStrings.state("uploading", unknown, 4_000_000), "Sending 43 %");
});

test("the summary counts files and says what needs attention", () => {
  const none = { total: 12, stored: 3, failed: 0, active: 9, paused: 0, waitingForWifi: 0, offline: false };
  assert.equal(uploaderStrings.summary(none, counts({ confirmed_bytes: 1_300_000 })), "3 of 12 stored · 1.3 MB of 4 MB safe · 10 s left");
  assert.equal(uploaderStrings.summary({ ...none, offline: true }, counts()), "3 of 12 stored · waiting for signal");
  assert.equal(uploaderStrings.summary({ ...none, paused: 9 }, counts()), "3 of 12 stored · paused");
  assert.equal(uploaderStrings.summary({ ...none, waitingForWifi: 9 }, counts()), "3 of 12 stored · originals wait for Wi-Fi");
  assert.equal(
    uploaderStrings.summary({ ...none, stored: 11, failed: 1, active: 0 }, counts()),
    "11 files stored · 1 not sent",
  );
  assert.equal(uploaderStrings.summary({ ...none, total: 1, stored: 1, active: 0 }, counts()), "1 file stored");
});

test("an error is said as a sentence, without the name that stands above it", () => {
  const said = (message: string, file = "a: b.txt"): string =>
    uploaderStrings.error(new WindlassError("type_not_allowed", message, { file }));
  assert.equal(said("a: b.txt: a: b.txt: files of this type are not accepted"), "Files of this type are not accepted.");
  // A name that is longer, or shorter, in small letters.
  assert.equal(said("İstanbul.jpg: the file can no longer be found", "İstanbul.jpg"), "The file can no longer be found.");
  assert.equal(said("A: b.txt: is another name"), "A: b.txt: is another name.");
  assert.equal(said("The file can no longer be read."), "The file can no longer be read.");
});
