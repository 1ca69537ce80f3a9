/** Texts that break programs, and pictures that are programs: our own, and those beside the checkout where they are. */

import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const corpora = fileURLToPath(new URL("../../../../shared/corpora/", import.meta.url));

const OWN_TEXTS = [
  "<img src=x onerror=alert(1)>",
  "<svg onload=alert(2)>'\"`--><script>alert(3)</script>",
  "javascript:alert(4)",
  "{{constructor.constructor('alert(5)')()}}",
  "\" onfocus=\"alert(6)\" autofocus=\"",
  "__proto__",
  "\u202Egpj.exe",
  "a\r\nb\u0000c",
  "\uD800",
  "W".repeat(2_000),
  "Dach 🏠 überprüft",
];
const OWN_SVG = '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>';

/** `context` is the test's: it says what is not there. */
export function naughtyTexts(context) {
  const file = `${corpora}security/naughty-strings/blns.json`;
  return [...OWN_TEXTS, ...(isThere(file, context) ? JSON.parse(readFileSync(file, "utf8")) : [])];
}

/** SVGs with a script, by their names. */
export function scriptedSvgs(context) {
  const file = `${corpora}generated/svg_script.svg`;
  return { "own.svg": OWN_SVG, ...(isThere(file, context) ? { "svg_script.svg": readFileSync(file, "utf8") } : {}) };
}

function isThere(file, context) {
  const found = existsSync(file);
  if (!found) context.diagnostic(`skipped: ${file} is not beside this checkout`);
  return found;
}
