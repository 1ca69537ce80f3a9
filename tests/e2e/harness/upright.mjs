/** The matrix of formats, orientations and decoders, the same in every engine. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { DECODERS, ORIENTATIONS, resizeWith, sizeOf, UPRIGHT } from "./decoders.mjs";

/**
 * Declares a test for each format and decoder. `run` runs a function in the page; `has` names those of the browser's own
 * decoders that it must have, and for which endings. One that it need not have may refuse, and never gives a
 * picture that is not upright.
 */
export function everyPictureIsUpright(run, has) {
  for (const [name, decoders] of Object.entries(DECODERS)) {
    for (const decoder of decoders) {
      test(`${name} by ${decoder} is upright, whichever way it was stored`, async (t) => {
        const ending = name.slice(name.lastIndexOf("."));
        const isOurs = ["photo", "codecs", "heic"].includes(decoder);
        const isExpected = isOurs || has[decoder]?.includes(ending) === true;
        for (const orientation of ORIENTATIONS) {
          const made = await resizeWith(run, name, orientation, decoder);
          if (made.code !== undefined) {
            t.diagnostic(`${orientation}: ${made.code}: ${made.message}`);
            const refusals = decoder === "best" ? ["unsupported_format", "needs_codecs"] : ["unsupported_format"];
            assert.ok(!isExpected && refusals.includes(made.code), `${orientation}: ${made.code}: ${made.message}`);
            continue;
          }
          const size = sizeOf(name, orientation);
          assert.deepEqual(made.seen, UPRIGHT, `orientation ${orientation}: ${JSON.stringify(made)}`);
          assert.deepEqual([made.size, made.shown], [size, size], `orientation ${orientation}`);
          if (isOurs || decoder.startsWith("image-")) assert.equal(made.used, decoder);
          // Nobody who shows the result turns it again. A TIFF has no EXIF to carry.
          assert.equal(made.metadata.display_orientation, 1, `orientation ${orientation}`);
          assert.deepEqual(made.metadata.size, size);
          assert.equal(made.metadata.make, ending === ".tiff" ? null : "Windlass");
        }
      });
    }
  }
}
