/** Who takes part, and a page in which each of them waits for files. */

import { PAGE } from "./signer.mjs";

/** In the order in which they take turns. */
export const CONTENDERS = [
  { name: "windlass", open: (scene, run) => openOurs(scene, run, {}) },
  { name: "uppy-v6", open: (scene, run) => openUppy(scene, run, "uppy-v6") },
  { name: "uppy-v5", open: (scene, run) => openUppy(scene, run, "uppy-v5") },
];

/** Ours as it comes, but without smaller pictures: the bare bytes, as the peers send them. */
async function openOurs(scene, run, options) {
  const page = await newPage(scene);
  const url = `${scene.proxy.fronts.service}/bench`;
  await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: PAGE }));
  await page.goto(url);
  // Routes keep a browser from caching, preflights included.
  await page.unrouteAll();
  await page.evaluate(
    async ({ project, token, options: more }) => {
      const { Windlass } = await import("/windlass/index.js");
      const client = new Windlass({ endpoint: location.origin, project, token: () => token, variants: [], ...more });
      const ends = [];
      client.addEventListener("statechange", ({ upload: { filename: name, ended, state } }) => {
        if (ended) ends.push({ name, ok: state === "stored", atMs: performance.now() });
      });
      globalThis.bench = {
        ends,
        isOver: false,
        startedMs: null,
        begin(files) {
          globalThis.bench.startedMs = performance.now();
          client.add(files);
        },
      };
      client.warmUp();
    },
    { project: run, token: scene.service.token({ project: run }), options },
  );
  return ready(page);
}

async function openUppy(scene, run, name) {
  const page = await newPage(scene);
  await page.goto(`${scene.proxy.fronts.signer}/bench?prefix=${run}`);
  await page.evaluate((script) => import(script), `/built/${name}.js`);
  return ready(page);
}

/** In a profile of its own. */
async function newPage(scene) {
  return (await scene.browser.newContext()).newPage();
}

async function ready(page) {
  await page.evaluate(() => {
    const input = document.querySelector("input");
    input.addEventListener("change", () => globalThis.bench.begin([...input.files]));
  });
  await page.waitForLoadState("networkidle");
  return page;
}
