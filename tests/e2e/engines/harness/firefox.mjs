/** Firefox ESR, headless, over WebDriver BiDi. */

import puppeteer from "puppeteer-core";

import { PHONE } from "./phone.mjs";

export async function launchFirefox() {
  const browser = await puppeteer.launch({
    browser: "firefox",
    executablePath: process.env.WINDLASS_FIREFOX ?? "/usr/bin/firefox-esr",
    headless: true,
  });
  return openTab(browser, () => browser.close());
}

async function openTab(browser, close) {
  const page = await browser.newPage();
  await page.setViewport(PHONE);
  return new Firefox(browser, page, close ?? (() => page.close()));
}

class Firefox {
  #browser;
  #page;
  #close;
  #complaints = [];

  constructor(browser, page, close) {
    this.#browser = browser;
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
    return openTab(this.#browser);
  }

  close() {
    return this.#close();
  }
}
