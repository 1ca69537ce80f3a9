/** Firefox ESR, headless, over WebDriver BiDi. */

import puppeteer from "puppeteer-core";

import { PHONE } from "./phone.mjs";

/** `preferences` are those of `about:config`. */
export async function launchFirefox({ preferences } = {}) {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.WINDLASS_FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
    // With a cold disk, and a service that starts beside it.
    timeout: 120_000,
    ...(preferences && { extraPrefsFirefox: preferences }),
  });
  return openTab(browser, { close: () => browser.close() });
}

/** A tab of whoever has the `owner`: the browser itself, or a container of its own in it. */
async function openTab(owner, { close, browser = owner } = {}) {
  const page = await owner.newPage();
  await page.setViewport(PHONE);
  return new Firefox(browser, owner, page, close ?? (() => page.close()));
}

class Firefox {
  #browser;
  #owner;
  #page;
  #close;
  #complaints = [];

  constructor(browser, owner, page, close) {
    this.#browser = browser;
    this.#owner = owner;
    this.#page = page;
    this.#close = close;
    page.on("pageerror", (error) => this.#complaints.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") this.#complaints.push(message.text());
    });
  }

  async open(address) {
    await this.#page.goto(address);
  }

  run(work, ...args) {
    return this.#page.evaluate(work, ...args);
  }

  async choose(find, paths) {
    const input = await this.#page.evaluateHandle(find);
    await input.uploadFile(...paths);
  }

  screenshot() {
    return this.#page.screenshot();
  }

  async complaints() {
    return this.#complaints;
  }

  /** Another tab of the same person; closing it closes the tab alone. */
  tab() {
    return openTab(this.#owner, { browser: this.#browser });
  }

  /** A tab of somebody else, whose pages know nothing of the others. */
  async person() {
    return openTab(await this.#browser.createBrowserContext(), { browser: this.#browser });
  }

  /** All tabs of the person, and what was kept. */
  leave() {
    return this.#owner.close();
  }

  close() {
    return this.#close();
  }
}
