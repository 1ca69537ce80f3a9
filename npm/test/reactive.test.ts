/** What lies in the reactive state of a framework that puts proxies around plain objects, and around what is read of them. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { pictureOptions } from "../src/prepare.js";
import { Upload } from "../src/upload.js";

/** As Vue decides what is plain, and with it Alpine. */
function reactive<Target extends object>(target: Target): Target {
  const isPlain = ["[object Object]", "[object Array]"].includes(Object.prototype.toString.call(target));
  const get = (from: Target, name: string | symbol, receiver: unknown): unknown => {
    const value: unknown = Reflect.get(from, name, receiver);
    return typeof value === "object" && value !== null ? reactive(value) : value;
  };
  return isPlain ? new Proxy(target, { get }) : target;
}

test("an upload can be read in a framework's reactive state, where it is itself", () => {
  const commands = { pause: () => {}, resume: () => {}, cancel: () => {}, retry: (upload: Upload) => upload };
  const upload = new Upload(commands, "roof", new Blob(["roof"]), "roof.jpg");
  const [shown] = reactive([upload]);
  assert.equal(shown?.state, "preparing");
  assert.equal(shown, upload);
});

test("variants of a framework's reactive state can be sent to a worker", () => {
  const given = [{ name: "thumb_200", max_edge: 200 }];
  assert.deepEqual(structuredClone(pictureOptions({ variants: reactive(given) }).variants), given);
});
