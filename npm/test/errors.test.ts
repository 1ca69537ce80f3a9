import assert from "node:assert/strict";
import { test } from "node:test";

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
  assert.equal(errorFromAnswer(404, null, "<html>").code, "not_found");
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
