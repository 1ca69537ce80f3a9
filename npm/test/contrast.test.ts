/** What is seen of the elements' controls by people who see little: WCAG 2.2, 1.4.11. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { galleryStyles } from "../src/elements/gallery.styles.js";
import { tokens } from "../src/elements/tokens.styles.js";

/** The colours of a token: light, and twice dark, by preference and by attribute. */
function coloursOf(token: string): string[] {
  return [...tokens.matchAll(new RegExp(`--_${token}: [^;]*#([0-9a-f]{6})`, "g"))].map(([, colour]) => colour ?? "");
}

function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [0, 2, 4]
    .map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test("the border of a field is seen against whatever is beside it, in both themes", () => {
  const borders = /\.field \{[^}]*border: 1px solid var\(--_([a-z-]+)\)/.exec(galleryStyles)?.[1] ?? "";
  const lines = coloursOf(borders);
  assert.equal(lines.length, 3);
  for (const beside of ["surface", "sunken"].map(coloursOf)) {
    for (const [theme, line] of lines.entries()) {
      const ratio = contrast(line, beside[theme] ?? "");
      assert.ok(ratio >= 3, `#${line} on #${beside[theme]}: ${ratio.toFixed(2)}`);
    }
  }
});
