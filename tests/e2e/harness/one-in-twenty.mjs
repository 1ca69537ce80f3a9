/**
 * One request in twenty fails, by a fixed chance: before or after the other side has done its work, with an error, with
 * a flipped bit, or by arriving twice. Chromium repeats by itself what dies on a connection that it had kept.
 */

import { problem, storeError } from "./fault-proxy.mjs";

/** Each with one chance in a hundred. Bits flip where no TLS of ours would notice: between a phone and a store's disk. */
const OF_PUTS = [
  { kind: "reset", at: 0.5 },
  { kind: "drop_after" },
  { kind: "flip_request", at: 0.5 },
  { kind: "duplicate", times: 2 },
  storeError(503, "SlowDown", "Please reduce your request rate.", { retryAfterS: 1 }),
];
const OF_CALLS = [
  { kind: "drop_before" },
  { kind: "drop_after" },
  { kind: "duplicate", times: 2 },
  { kind: "respond", status: 502, headers: { "content-type": "text/html" }, body: "<h1>Bad Gateway</h1>" },
  problem(503, "unavailable", "try again", { retryAfterS: 1 }),
];

/** The fault proxy's rules. */
export function oneInTwenty() {
  const of = (front, method, faults) =>
    faults.map((fault, index) => ({ front, method, fault, probability: 0.01, seed: 1 + index }));
  return [...of("store", "PUT", OF_PUTS), ...of("service", "POST", OF_CALLS)];
}
