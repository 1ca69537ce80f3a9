import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { UploadLinks } from "../src/api.js";
import { WindlassError } from "../src/errors.js";
import { TokenSource } from "../src/token.js";

afterEach(() => mock.restoreAll());

/** A service that answers in turn, and what it was asked. */
function service(...answers: [status: number, body: unknown][]) {
  const asked: { method: string; url: string; token: string; body: unknown }[] = [];
  mock.method(globalThis, "fetch", async (url: string, { method, headers, body }: RequestInit) => {
    const token = new Headers(headers).get("authorization") ?? "";
    asked.push({ method: method ?? "", url, token, body: body ? JSON.parse(String(body)) : null });
    const [status, answer] = answers.shift() ?? [500, null];
    return new Response(answer === null ? null : JSON.stringify(answer), { status });
  });
  let tokens = 0;
  const links = new UploadLinks("https://photos.example", "job 7", new TokenSource(() => `t${(tokens += 1)}`));
  return { links, asked };
}

const PATH = "https://photos.example/api/v1/projects/job%207/upload-links";

test("a link is made, listed and ended, and options of ours are not sent", async () => {
  const { links, asked } = service([201, { token: "wlk_1", url: null, link: { link_id: "l1" } }], [200, { links: [{ link_id: "l1" }] }], [204, null]);
  const { signal } = new AbortController();
  assert.equal((await links.create({ label: "Frau Kraus", max_files: 3, signal })).token, "wlk_1");
  assert.deepEqual(await links.list(), [{ link_id: "l1" }]);
  await links.revoke("l1");
  assert.deepEqual(
    asked.map(({ method, url, body }) => [method, url, body]),
    [
      ["POST", PATH, { label: "Frau Kraus", max_files: 3 }],
      ["GET", PATH, null],
      ["DELETE", `${PATH}/l1`, null],
    ],
  );
});

test("a refusal is an error with the service's code, and an old token is renewed once", async () => {
  const problem = (code: string, status: number): [number, unknown] => [status, { code, status, title: code, detail: "no", request_id: "r1" }];
  const { links, asked } = service(problem("token_expired", 401), problem("forbidden", 403));
  await assert.rejects(links.list(), (error: WindlassError) => {
    assert.deepEqual([error.name, error.code, error.retryable, error.requestId], ["WindlassError", "forbidden", false, "r1"]);
    return true;
  });
  assert.deepEqual(asked.map(({ token }) => token), ["Bearer t1", "Bearer t2"]);
});

test("a service that cannot be reached is worth another try, an aborted request is not an error of its", async () => {
  const aborted = new AbortController();
  const links = new UploadLinks("https://photos.example", "job-7", new TokenSource(() => "t"));
  mock.method(globalThis, "fetch", async () => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(links.create(), { code: "network", retryable: true });
  aborted.abort();
  await assert.rejects(links.list({ signal: aborted.signal }), { name: "AbortError", code: "cancelled" });
});
