/** The demo page, in a project of its own: the uploader and the gallery as people have them. */

export async function openDemo(scene, run) {
  const context = await scene.browser.newContext({ viewport: { width: 1280, height: 900 }, serviceWorkers: "block" });
  const page = await context.newPage();
  await page.goto(scene.proxy.fronts.service);
  await page.evaluate(enterProject, run);
  await page.waitForFunction(isReady);
  return page;
}

/** In the page: both elements in a project of their own. */
export function enterProject(project) {
  for (const element of document.querySelectorAll("windlass-uploader, windlass-gallery")) {
    element.setAttribute("token-url", `demo/token?project=${project}`);
    element.setAttribute("project", project);
  }
  globalThis.bench = { chosenMs: null, ends: 0 };
  const uploader = document.querySelector("windlass-uploader");
  uploader.shadowRoot.addEventListener("change", () => (globalThis.bench.chosenMs = performance.now()), true);
  uploader.addEventListener("windlass-photo", () => (globalThis.bench.ends += 1));
}

/** In the page: the uploader starts its workers when the page has come to rest. */
export function isReady() {
  return document.querySelector("windlass-uploader").client !== null;
}

/** Chooses files as a person does. */
export function choose(page, paths) {
  return page.locator("windlass-uploader input[type=file]").first().setInputFiles(paths);
}

/** Waits until so many photos are stored. */
export function stored(page, count, timeoutMs) {
  return page.waitForFunction((wanted) => globalThis.bench.ends >= wanted, count, { timeout: timeoutMs, polling: 100 });
}
