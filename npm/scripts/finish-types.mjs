// Gives relative imports in the emitted declarations their `.js` ending: ts-rs writes them without, and
// consumers on `moduleResolution: "nodenext"` would see nothing but errors.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

const files = (await readdir("dist/types", { recursive: true })).filter((name) => name.endsWith(".d.ts"));
for (const name of files) {
  const path = join("dist/types", name);
  const text = await readFile(path, "utf8");
  const finished = text.replace(/(from\s+|import\()"(\.{1,2}\/[^"]+?)(?:\.js)?"/g, '$1"$2.js"');
  if (finished !== text) {
    await writeFile(path, finished);
  }
}
