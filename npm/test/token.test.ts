/** Where tokens come from. */
import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";
import { fromLink, tokenFromUrl, TokenSource } from "../src/token.js";
import { settle } from "./fake-worker.js";

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
});

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
  mock.method(globalThis, "fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await assert.rejects(new TokenSource(tokenFromUrl("/my/token")).get(), {
    code: "token_unavailable",
    retryable: true,
    message: "The application gave no access token: /my/token does not answer",
  });
});

/** An address that answers when it is told to, and how often it was asked. */
function silentAddress(): { asked: () => number } {
  const fetched = mock.method(
    globalThis,
    "fetch",
    (_: string, { signal }: RequestInit) => new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason))),
  );
  return { asked: () => fetched.mock.callCount() };
}

test("an address for tokens that says nothing is given up, named, and asked again", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const address = silentAddress();
  const tokens = new TokenSource(tokenFromUrl("/my/token"));
  const refused = assert.rejects(tokens.renew(), { code: "token_unavailable", retryable: true, message: /\/my\/token does not answer/ });
  await settle();
  mock.timers.tick(25_000);
  await refused;
  mock.method(globalThis, "fetch", async () => Response.json({ token: "jwt" }));
  assert.equal(address.asked(), 1);
  assert.equal(await tokens.renew(), "jwt");
});

test("when the network is back an address that says nothing is asked anew, soon", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const page = new EventTarget();
  const { addEventListener } = globalThis;
  globalThis.addEventListener = page.addEventListener.bind(page) as typeof addEventListener;
  try {
    silentAddress();
    const refused = assert.rejects(tokenFromUrl("/my/token")() as Promise<string>, { code: "token_unavailable", retryable: true });
    await settle();
    page.dispatchEvent(new Event("online"));
    mock.timers.tick(4_000);
    await refused;
  } finally {
    globalThis.addEventListener = addEventListener;
  }
});

test("an answer that breaks off is not called a page for people", async () => {
  const broken = new ReadableStream({ start: (controller) => controller.error(new TypeError("network error")) });
  mock.method(globalThis, "fetch", async () => new Response(broken));
  await assert.rejects(tokenFromUrl("/my/token")() as Promise<string>, { retryable: true, message: "/my/token does not answer" });
  mock.method(globalThis, "fetch", async () => new Response("<p>Sign in</p>"));
  await assert.rejects(tokenFromUrl("/my/token")() as Promise<string>, { retryable: false, message: /is the user signed in\?$/ });
});

test("an address for tokens that refuses asks whether the user is signed in, and may answer once he is", async () => {
  const tokens = new TokenSource(tokenFromUrl("/my/token"));
  const messages: string[] = [];
  for (const status of [401, 403, 500]) {
    mock.method(globalThis, "fetch", async () => new Response(null, { status }));
    await tokens.get().catch(({ message, retryable }: { message: string; retryable: boolean }) => {
      assert.equal(retryable, true);
      messages.push(message.replace("The application gave no access token: ", ""));
    });
  }
  assert.deepEqual(messages, [
    "/my/token answered with status 401: is the user signed in?",
    "/my/token answered with status 403: is the user signed in?",
    "/my/token answered with status 500",
  ]);
});

test("an application that says nothing is asked anew after a while, and what it says late is heard", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const answers: ((token: string) => void)[] = [];
  const heard: string[] = [];
  const tokens = new TokenSource(() => new Promise((resolve) => answers.push(resolve)), (token) => heard.push(token));
  const refused = assert.rejects(tokens.renew(), { code: "token_unavailable", retryable: true });
  mock.timers.tick(29_000);
  void tokens.get().catch(() => undefined);
  assert.equal(answers.length, 1, "a person may be signing in");
  mock.timers.tick(1_000);
  await refused;
  const second = tokens.renew();
  assert.equal(answers.length, 2);
  answers[0]?.("of the first");
  assert.equal(await second, "of the first", "whoever waits now has it");
  const third = tokens.renew();
  answers[2]?.("of the third");
  assert.equal(await third, "of the third");
  answers[1]?.("of the second");
  await settle();
  assert.equal(await tokens.get(), "of the third", "what was asked for earlier does not replace it");
  assert.deepEqual(heard, ["of the first", "of the third"]);
});

for (const [what, token] of [["a line break in it", "head.body\n.signature"], ["a mark before it", "\uFEFFhead.body.signature"]] as const) {
  test(`a text with ${what} is no token: no request can carry it`, async () => {
    await assert.rejects(new TokenSource(() => token).renew(), {
      code: "token_unavailable",
      message: "The token function gave a text that no request can carry: it has line breaks or other characters that no token has.",
    });
  });
}

test("a line break at a token's end, as of a file, does no harm", async () => {
  assert.equal(await new TokenSource(() => "head.body.signature\n").get(), "head.body.signature\n");
});
