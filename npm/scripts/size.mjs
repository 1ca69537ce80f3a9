// Fails when what a page downloads grew past `size-budget.json` (kB, brotli; 1 kB = 1,000 bytes).
import { readdir, readFile } from "node:fs/promises";
import { brotliCompressSync, constants } from "node:zlib";

const budget = JSON.parse(await readFile("size-budget.json", "utf8"));
const dist = (await readdir("dist")).filter((name) => /\.(js|wasm)$/.test(name));

/** An entry and every chunk it imports, directly or not. */
async function withImports(name, seen = new Set()) {
  if (!seen.has(name)) {
    seen.add(name);
    if (name.endsWith(".js")) {
      const text = await readFile(`dist/${name}`, "utf8");
      for (const [, chunk] of text.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) {
        await withImports(chunk, seen);
      }
    }
  }
  return seen;
}

async function kilobytes(name) {
  const bytes = await readFile(`dist/${name}`);
  const packed = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  return packed.length / 1000;
}

let failed = false;
for (const [entry, allowed] of Object.entries(budget)) {
  if (!dist.includes(entry)) {
    console.error(`${entry} is in size-budget.json but not in dist: run \`npm run build\`.`);
    failed = true;
    continue;
  }
  let total = 0;
  for (const name of await withImports(entry)) {
    total += await kilobytes(name);
  }
  const over = total > allowed;
  failed ||= over;
  console.log(`${over ? "OVER" : "ok  "} ${entry.padEnd(26)} ${total.toFixed(1).padStart(7)} of ${allowed} kB`);
}
process.exitCode = failed ? 1 : 0;
