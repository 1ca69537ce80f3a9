/** What a client is made with: what nothing can be done by is refused at once, and not with each photo. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { checkOptions, type WindlassOptions } from "../src/options.js";
import { DEFAULT_VARIANTS } from "../src/prepare.js";

/** As JavaScript gives it, which knows no types. */
const made = (more: object) => (): void => checkOptions({ endpoint: "/", project: "job-7", token: () => "jwt", ...more } as WindlassOptions);

test("what no picture could be made by, and no byte be sent, is refused by its name", () => {
  for (const [more, message] of [
    [{ metadata: "strip_location" }, /^metadata: “strip_location”/],
    [{ variants: [...DEFAULT_VARIANTS, { name: "print", max_edge: 3000, quality: 80 }] }, /^variants: quality of “print” .* 0 to 1\.$/],
    [{ variants: [{ name: "print", max_edge: 0 }] }, /^variants: max_edge of “print”/],
    [{ variants: [{ name: "print", max_edge: "3000" }] }, /^variants: max_edge of “print”/],
    [{ variants: [{ name: "print" }] }, /^variants: max_edge of “print”/],
    [{ maxConnections: 0 }, /^maxConnections: /],
    [{ maxConnections: 1.5 }, /^maxConnections: /],
  ] as const) {
    assert.throws(made(more), { code: "invalid_options", message });
  }
});

test("what may be left out may be left out, or be undefined", () => {
  made({})();
  made({ variants: undefined, metadata: undefined, maxConnections: undefined })();
  made({ variants: [], metadata: "strip", maxConnections: 1 })();
  made({ variants: [{ name: "print", max_edge: 3000 }, { name: "least", max_edge: 1, quality: 0 }] })();
});
