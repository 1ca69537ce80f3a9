/** A real Chromium, and the demo page in it. */

import { chromium } from "playwright-core";

import { ARGUMENTS, EXECUTABLE } from "./chromium.mjs";

export { eventually } from "./eventually.mjs";
export { ARGUMENTS, EXECUTABLE };

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 900 };

/** For what only has to happen, on a busy machine: a page that loads, a word that is shown. */
export const PATIENCE_MS = 60_000;

/** `args` are given to Chromium besides those that a container needs. */
export function launch({ args = [] } = {}) {
  return chromium.launch({ executablePath: EXECUTABLE, args: [...ARGUMENTS, ...args] });
}

/** Keeps a page's console errors and crashes in `complaints`, for tests to look at. */
export function listen(page) {
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.complaints.push(message.text());
  });
  return page;
}

/** The demo page, in a context of its own; `first` runs in it before anything else does. */
export async function openPage(browser, address, { viewport = DESKTOP, onRequest, first, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  if (onRequest) context.on("request", onRequest);
  if (first) await context.addInitScript(first);
  const page = listen(await context.newPage());
  await page.goto(address);
  await page.locator("windlass-uploader").waitFor();
  return page;
}

/** Chooses files as a person does, through the uploader's own file input. */
export async function choose(page, ...paths) {
  await page.locator("windlass-uploader input[type=file]").first().setInputFiles(paths);
}

/** Drops files and folders on the uploader, as from a file manager. */
export async function drop(page, ...paths) {
  const target = page.locator("windlass-uploader .drop");
  await target.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await target.boundingBox();
  const devtools = await page.context().newCDPSession(page);
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"]) {
    await devtools.send("Input.dispatchDragEvent", { type, x: x + width / 2, y: y + height / 2, data });
  }
  await devtools.detach();
}
