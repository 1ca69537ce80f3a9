/** A real Chromium, and the demo page in it. */

import { chromium } from "playwright-core";

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const PHONE = { width: 390, height: 844 };
export const DESKTOP = { width: 1280, height: 900 };

/** `args` are given to Chromium besides those that a container needs. */
export function launch({ args = [] } = {}) {
  const executablePath = process.env.WINDLASS_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, args: [...ARGUMENTS, ...args] });
}

/** A page whose console errors and crashes fail the test that looks at `complaints`. */
export async function openPage(browser, address, { viewport = DESKTOP, ...options } = {}) {
  const context = await browser.newContext({ viewport, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") page.complaints.push(message.text());
  });
  await page.goto(address);
  await page.locator("windlass-uploader").waitFor();
  return page;
}

/** Chooses files as a person does, through the uploader's own file input. */
export async function choose(page, ...paths) {
  await page.locator("windlass-uploader input[type=file]").first().setInputFiles(paths);
}

/** Waits until a value is as wanted; the last value is in the error. */
export async function eventually(what, probe, accept, timeoutMs = 30_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (accept(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(value)} after ${timeoutMs} ms`);
    await new Promise((done) => setTimeout(done, 100));
  }
}
