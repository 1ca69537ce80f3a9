/** Where tokens come from. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromLink, tokenFromUrl, TokenSource } from "../src/token.js";

const SECRET = "A_-9".repeat(10) + "abc";

test("an upload link brings its project and is its own token", async () => {
  const { project, token } = fromLink(`wlk_${SECRET}.job-7.b`);
  assert.equal(project, "job-7.b");
  assert.equal(await token(), `wlk_${SECRET}.job-7.b`);
});

test("half a link is refused with a sentence for its holder, who does not see the secret in it", () => {
  for (const half of ["", "wlk_", `wlk_${SECRET}`, `wlk_${SECRET}.`, `wlk_${SECRET.slice(1)}.job-7`, `x${SECRET}.job-7`]) {
    assert.throws(
      () => fromLink(half),
      (error: Error & { code?: string }) => error.code === "invalid_options" && !error.message.includes("A_-9"),
    );
  }
});

test("an address for tokens that does not answer is named, and may answer later", async () => {
  const { fetch } = globalThis;
  globalThis.fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  try {
    await assert.rejects(new TokenSource(tokenFromUrl("/my/token")).get(), {
      code: "token_unavailable",
      retryable: true,
      message: "The application gave no access token: /my/token does not answer",
    });
  } finally {
    globalThis.fetch = fetch;
  }
});
