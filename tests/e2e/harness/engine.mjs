/**
 * The engine that a suite of faults runs in, by `WINDLASS_ENGINE`: `chromium` where nothing is said, `firefox` or
 * `webkit`. A test is written once, over what they have in common: a person, who has tabs, in which functions run
 * and files are chosen.
 */

import { DESKTOP, launch, listen, PATIENCE_MS } from "./browser.mjs";

export const ENGINE = process.env.WINDLASS_ENGINE ?? "chromium";

/** For what can be done to Chromium alone: `test(name, onlyIn("chromium"), …)`. */
export function onlyIn(...engines) {
  return { skip: engines.includes(ENGINE) ? false : `not in ${ENGINE}` };
}

/** For what takes long: in Chromium always, in the other engines with `--long`. */
export function elsewhereOnlyLong() {
  const isLong = ENGINE === "chromium" || process.env.WINDLASS_LONG;
  return { skip: isLong ? false : `takes long: in ${ENGINE} with \`cargo xtask test engines --long\`` };
}

/** Starts it. `preferences` are Firefox's. */
export async function launchEngine({ preferences } = {}) {
  switch (ENGINE) {
    case "chromium":
      return asEngine(await launch());
    case "firefox":
      return (await import("../engines/harness/firefox.mjs")).launchFirefox({ preferences });
    case "webkit":
      return (await import("../engines/harness/webkit.mjs")).launchWebKit();
    default:
      throw new Error(`WINDLASS_ENGINE is ${ENGINE}: chromium, firefox or webkit`);
  }
}

/** A Chromium that playwright has started, as one of the engines. */
export function asEngine(browser) {
  return {
    person: async () => {
      const context = await browser.newContext({ viewport: DESKTOP });
      context.setDefaultTimeout(PATIENCE_MS);
      return new ChromiumTab(listen(await context.newPage()));
    },
    close: () => browser.close(),
  };
}

class ChromiumTab {
  /** `page` is playwright's, for what only Chromium can. */
  constructor(page) {
    this.page = page;
  }

  async open(address) {
    await this.page.goto(address);
  }

  run(work, ...args) {
    return this.page.evaluate(`(${work})(...${JSON.stringify(args)})`);
  }

  async choose(find, paths) {
    await (await this.page.evaluateHandle(`(${find})()`)).setInputFiles(paths);
  }

  async complaints() {
    return this.page.complaints;
  }

  /** Another tab of the same person. */
  async tab() {
    return new ChromiumTab(listen(await this.page.context().newPage()));
  }

  /** The tab alone. */
  close() {
    return this.page.close();
  }

  /** All tabs of the person, and what was kept. */
  leave() {
    return this.page.context().close();
  }
}
