/** `windlass/core` under Node, which reads the module from the disk. */
import { readFile } from "node:fs/promises";

import { setCompile } from "./wasm/compile.js";

setCompile(async (url) => WebAssembly.compile(await readFile(url)));

export * from "./core.js";
