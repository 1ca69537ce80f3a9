/** Pages with the real `@uppy/aws-s3`, bundled and served from an origin of their own, as users' sites are. */

import { once } from "node:events";
import { createServer } from "node:http";
import { fileURLToPath, pathToFileURL } from "node:url";

import { eventually, listen } from "./browser.mjs";

const folder = fileURLToPath(new URL("../", import.meta.url));
const HTML = `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,">
<input type="file" id="files" multiple><script type="module" src="/page.js"></script>`;

/** Bundles `uppy-5/page.js` or `uppy-6/page.js` and serves it; answers the address and how to stop. */
export async function servePage(version) {
  const bundler = pathToFileURL(`${folder}../../npm/node_modules/esbuild/lib/main.js`).href;
  const { build } = await import(bundler);
  const { outputFiles } = await build({
    entryPoints: [`${folder}${version}/page.js`],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "warning",
  });
  const server = createServer(({ url }, answer) => {
    const [type, body] = url === "/page.js" ? ["text/javascript", outputFiles[0].contents] : ["text/html", HTML];
    answer.writeHead(200, { "content-type": type }).end(body);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: `http://127.0.0.1:${server.address().port}/`,
    stop: () => new Promise((done) => server.close(done).closeAllConnections()),
  };
}

/** A page of `site` whose Uppy sends to a project of the service; `wanted` goes to its plug-in. */
export async function openUppy(browser, site, service, wanted) {
  const page = listen(await (await browser.newContext()).newPage());
  page.addresses = [];
  page.on("request", (request) => page.addresses.push(`${request.method()} ${request.url()}`));
  await page.goto(site.address);
  await page.waitForFunction(() => window.start !== undefined);
  const token = wanted.token ?? service.token({ project: wanted.project });
  await page.evaluate((wanted) => window.start(wanted), { endpoint: service.address, meta: {}, ...wanted, token });
  return page;
}

/** Chooses files, and waits until Uppy has said of `ends` more of them what became of them: all that it said. */
export async function sendByUppy(page, paths, ends = paths.length) {
  const said = await page.evaluate(() => window.ends.length);
  await page.locator("#files").setInputFiles(paths);
  return endsOf(page, said + ends);
}

/** What Uppy has said of its files, once it has said it so often. */
export function endsOf(page, count) {
  const said = () => page.evaluate(() => window.ends);
  return eventually("Uppy says what became of its files", said, (ends) => ends.length === count, 120_000);
}
