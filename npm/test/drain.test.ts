/** The service worker's turn. What it sends is tried in browsers; here, what it waits for. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { drain } from "../src/keep/drain.js";

test("a token that never comes is not waited for longer than the browser's patience", async () => {
  const never = new Promise<string>(() => undefined);
  const timeIsUp = Promise.reject<never>(new Error("There is no time left."));
  timeIsUp.catch(() => undefined);
  const draining = drain(
    { endpoint: "https://photos.example.com", project: "p" },
    { token: () => never, module: {} as WebAssembly.Module, timeIsUp },
  );
  const outcome = await Promise.race([draining.catch(String), new Promise((resolve) => setTimeout(resolve, 500, "still waiting"))]);
  assert.equal(outcome, "Error: There is no time left.");
});
