/** What the client wants of the page it runs in. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { LeaveGuard } from "../src/page.js";
import { beforeUnload } from "./before-unload.js";

test("while something would be lost the browser asks before the page is left, also one that looks at `returnValue` alone", () => {
  const page = new EventTarget();
  const global = globalThis as unknown as Record<string, unknown>;
  const before = { addEventListener: global["addEventListener"], removeEventListener: global["removeEventListener"] };
  global["addEventListener"] = page.addEventListener.bind(page);
  global["removeEventListener"] = page.removeEventListener.bind(page);
  const leave = (): unknown[] => {
    const event = beforeUnload();
    page.dispatchEvent(event);
    return [event.defaultPrevented, event.returnValue !== ""];
  };
  try {
    const guard = new LeaveGuard();
    guard.hold();
    assert.deepEqual(leave(), [true, true]);
    guard.release();
    assert.deepEqual(leave(), [false, false]);
  } finally {
    Object.assign(global, before);
  }
});
