import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeInBrowser } from "../src/decode-in-browser.js";
import type { PixelsModule } from "../src/wasm/photo.js";

/** Of the browser's pixels, which refuses every picture. */
function moduleThatRefuses(code: string): PixelsModule {
  class Picture {
    push(): void {}
    free(): void {}
    decodeExternally(): never {
      throw Object.assign(new Error("It cannot be decoded."), { code });
    }
  }
  return { Picture, webpWithExif: () => new Uint8Array() };
}

const options = { variants: [{ name: "web_1920", max_edge: 1920, quality: 0.8 }] };
const how = { decoders: [], type: "image/jpeg", onlySrgb: true, isOnlyWay: false };
const decode = (code: string, isOnlyWay: boolean) =>
  decodeInBrowser(moduleThatRefuses(code), Uint8Array.of(0xff, 0xd8, 0xff), options, { ...how, isOnlyWay });

test("a picture of which the browser would need too much memory is left to a module, where one takes it", async () => {
  assert.equal(await decode("over_memory_budget", false), null);
  await assert.rejects(decode("over_memory_budget", true), { code: "over_memory_budget" });
});

test("a picture that is itself at fault is given to no module", async () => {
  await assert.rejects(decode("incomplete", false), { code: "incomplete" });
});
