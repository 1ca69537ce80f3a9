import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import type { FailureCode } from "../src/generated/FailureCode";
import type { ErrorCode } from "../src/generated/ErrorCode";
import type { NotKeptCode } from "../src/keep/messages.js";
import type { ClientErrorCode } from "../src/errors.js";
import { cancelled, errorFromAnswer, fromPlainError, isTrap, toPlainError, toWindlassError, WindlassError } from "../src/errors.js";

const problem = {
  type: "urn:windlass:problem:file_too_large",
  title: "File too large",
  status: 413,
  code: "file_too_large",
  detail: "“roof.jpg” has 60 MB, photos may have 50 MB. Choose a smaller one.",
  file: "roof.jpg",
  request_id: "0192f0c1",
};

test("a problem of the service keeps its code, its sentence and its request id", () => {
  const error = errorFromAnswer(413, null, problem);
  assert.ok(error instanceof WindlassError && error instanceof Error);
  assert.equal(error.code, "file_too_large");
  assert.equal(error.message, problem.detail);
  assert.equal(error.retryable, false);
  assert.equal(error.requestId, "0192f0c1");
  assert.equal(error.file, "roof.jpg");
});

test("what the service says is temporary may be tried again", () => {
  for (const code of ["rate_limited", "store_unavailable", "unavailable", "internal", "token_expired"]) {
    assert.equal(errorFromAnswer(400, null, { ...problem, code }).retryable, true, code);
  }
});

test("a code newer than this package is judged by its status", () => {
  assert.equal(errorFromAnswer(503, null, { ...problem, code: "comet_passing" }).retryable, true);
  assert.equal(errorFromAnswer(422, null, { ...problem, code: "comet_passing" }).retryable, false);
  assert.equal(errorFromAnswer(422, null, { ...problem, code: "toString" }).retryable, false);
});

test("an answer that is not the service's own says so, and quotes the header's request id", () => {
  const error = errorFromAnswer(502, "from-header", null);
  assert.equal(error.code, "unavailable");
  assert.equal(error.retryable, true);
  assert.equal(error.requestId, "from-header");
  assert.match(error.message, /502/);
  // Only the service knows that there is no such thing.
  for (const status of [403, 404]) {
    assert.equal(errorFromAnswer(status, null, "<html>").code, "network");
  }
});

test("an error survives the way through postMessage", () => {
  const thrown = Object.assign(new Error("The JPEG is incomplete."), { code: "incomplete", retryable: false });
  const error = fromPlainError(structuredClone(toPlainError(thrown)), "a.jpg");
  assert.equal(error.code, "incomplete");
  assert.equal(error.message, "The JPEG is incomplete.");
  assert.equal(error.file, "a.jpg");
});

test("what is no error at all still becomes one", () => {
  for (const thrown of [undefined, null, "boom", 7, {}]) {
    assert.equal(toWindlassError(thrown).code, "unknown");
  }
  assert.equal(toWindlassError("boom").message, "boom");
});

test("an abort looks like one to callers who check the name", () => {
  assert.equal(cancelled("a.jpg").name, "AbortError");
  assert.match(cancelled("a.jpg").message, /“a\.jpg”/);
  const abort = new DOMException("stop", "AbortError");
  assert.equal(toWindlassError(abort).code, "cancelled");
  assert.equal(toWindlassError(abort).cause, abort);
});

test("traps and exhausted memory are told apart from ordinary errors", () => {
  assert.equal(isTrap(new WebAssembly.RuntimeError("unreachable")), true);
  assert.equal(isTrap(new RangeError("could not allocate memory")), true);
  assert.equal(isTrap(new Error("The JPEG is incomplete.")), false);
});

// Exhaustive on purpose: a code that is added does not compile until it is here, and then has to be in the page.
const OF_THE_CLIENT: Record<Exclude<FailureCode, ErrorCode> | ClientErrorCode, true> = {
  file_gone: true,
  file_changed: true,
  cors_misconfigured: true,
  token_unavailable: true,
  store_refused: true,
  storage_full: true,
  retries_exhausted: true,
  cancelled: true,
  closed: true,
  network: true,
  worker_crashed: true,
  wasm_trap: true,
  wasm_unavailable: true,
  unsupported_browser: true,
  invalid_options: true,
  unknown: true,
};
const OF_WARNINGS: Record<NotKeptCode, true> = { storage_full: true, storage_unavailable: true, keeper_unreachable: true };

test("docs/errors.md has every code of the client and of its warnings, and no other", async () => {
  const page = await readFile("../docs/errors.md", "utf8");
  const codes = (heading: string): string[] => {
    const [, section = ""] = page.split(heading);
    const [table = ""] = section.slice(section.indexOf("| ---")).split("\n\n");
    return [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, code = ""]) => code).sort();
  };
  assert.deepEqual(codes("## Codes of the client"), Object.keys(OF_THE_CLIENT).sort());
  assert.deepEqual(codes("## Warnings"), Object.keys(OF_WARNINGS).sort());
});
