/** `webpack/app.js` as webpack bundles it, by its own defaults, and served from an origin of its own. */

import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const folder = fileURLToPath(new URL("../webpack/", import.meta.url));
const HTML = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><body><script src="/main.js"></script>`;
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };

/** Bundles and serves it; answers the address, what webpack complained of, and how to stop. */
export async function serveBundle() {
  const webpack = promisify(createRequire(`${folder}package.json`)("webpack"));
  const path = await mkdtemp(join(tmpdir(), "windlass-webpack-"));
  const stats = await webpack({ mode: "production", context: folder, entry: "./app.js", output: { path }, performance: { hints: false } });
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  const server = createServer((request, answer) => {
    // Everything lies in one folder.
    const name = basename(new URL(request.url, "http://page").pathname);
    const isFile = extname(name) in TYPES;
    (isFile ? readFile(join(path, name)) : Promise.resolve(HTML)).then(
      (body) => answer.writeHead(200, { "content-type": TYPES[extname(name)] ?? "text/html" }).end(body),
      () => answer.writeHead(404).end(),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    complaints: [...errors, ...warnings].map(({ message }) => message),
    async stop() {
      await new Promise((done) => server.close(done).closeAllConnections());
      await rm(path, { recursive: true, force: true });
    },
  };
}
