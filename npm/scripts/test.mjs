// Bundles `test/*.test.ts` for Node and runs them with its own runner.
import { spawn } from "node:child_process";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/** Not below `node_modules`: there Node finds no tests since version 21. */
const FOLDER = "../target/npm-test";

await rm(FOLDER, { recursive: true, force: true });
const names = (await readdir("test")).filter((name) => name.endsWith(".test.ts"));
await build({
  entryPoints: names.map((name) => join("test", name)),
  outdir: FOLDER,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: "inline",
  logLevel: "warning",
});
const files = names.map((name) => join(FOLDER, name.replace(/\.ts$/, ".mjs")));
const run = spawn(process.execPath, ["--enable-source-maps", "--test", "--test-timeout=600000", ...files], { stdio: "inherit" });
run.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
