/** Waiting for the SDK's own files. */
import assert from "node:assert/strict";
import { mock, test } from "node:test";

import { notLoaded, untilReachable } from "../src/unreachable.js";
import { fakePage } from "./fake-page.js";
import { settle } from "./fake-worker.js";

const page = fakePage();

test("what is there is had without listening for the network; what is not is tried again when that is back", async () => {
  const heard: string[] = [];
  const listen = page().addEventListener.bind(page());
  (globalThis as unknown as Record<string, unknown>)["addEventListener"] = (...given: Parameters<typeof listen>): void => {
    heard.push(given[0]);
    listen(...given);
  };
  const patience = { signal: new AbortController().signal, onWaiting: () => undefined, isServiceThere: async () => false };
  assert.equal(await untilReachable(async () => "there", patience), "there");
  assert.equal(heard.length, 0);
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let tries = 0;
    const act = async (): Promise<string> => {
      tries += 1;
      if (tries === 1) {
        throw notLoaded("nobody answers", { retryable: true });
      }
      return "there";
    };
    const waiting = untilReachable(act, patience);
    await settle();
    assert.deepEqual([tries, heard.includes("online")], [1, true]);
    page().dispatchEvent(new Event("online"));
    assert.equal(await waiting, "there");
  } finally {
    mock.timers.reset();
  }
});
