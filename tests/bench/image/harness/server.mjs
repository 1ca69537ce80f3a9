/**
 * Serves the bench to the browser and takes what the contenders made. The page is isolated from other
 * origins, which wasm-vips needs for its shared memory.
 */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { stat, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** `folders`: first part of a path → folder. What is PUT below `/made/` lands in `madeFolder`. */
export async function serve(folders, madeFolder) {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname)).slice(1);
    const [first, ...rest] = path.split("/");
    if (request.method === "PUT" && first === "made") {
      const chunks = await request.toArray();
      await writeFile(join(madeFolder, rest.join("/")), Buffer.concat(chunks));
      response.writeHead(204).end();
      return;
    }
    const file = folders[first] === undefined ? undefined : join(folders[first], ...rest);
    const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
    if (!found?.isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "content-length": found.size,
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
      "cross-origin-resource-policy": "same-origin",
    });
    createReadStream(file).pipe(response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { address: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}
