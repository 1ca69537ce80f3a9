/** A Chromium with a profile of its own, which outlives the browser: it can be closed, or killed, and come back. */

import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

import { ARGUMENTS, DESKTOP, EXECUTABLE, eventually, listen, PATIENCE_MS } from "./browser.mjs";

export class Profile {
  static async make() {
    const profile = new Profile();
    profile.folder = await mkdtemp(join(tmpdir(), "windlass-profile-"));
    return profile;
  }

  /** Starts the browser (again) and opens the page; its service worker as in `openPage`. */
  async open(address, { args = [], prepare, serviceWorkers = "block" } = {}) {
    this.context = await chromium.launchPersistentContext(this.folder, {
      executablePath: EXECUTABLE,
      args: [...ARGUMENTS, ...args],
      viewport: DESKTOP,
      serviceWorkers,
    });
    this.context.setDefaultTimeout(PATIENCE_MS);
    return this.tab(address, { prepare });
  }

  /** Another tab of the same browser. `prepare` gets the page before it is opened. */
  async tab(address, { prepare } = {}) {
    const page = listen(await this.context.newPage());
    await prepare?.(page);
    await page.goto(address);
    await page.locator("windlass-uploader").waitFor();
    return page;
  }

  /** As the system does it when memory runs out: no process of the browser gets to say a word. */
  async kill() {
    const ended = new Promise((done) => this.context.once("close", done));
    process.kill(-this.#processId(), "SIGKILL");
    await ended;
    await eventually("the browser is dead", () => this.#processId(), (id) => id === undefined);
  }

  async close() {
    await this.context?.close();
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** The browser's own process leads its group; its children have a `--type`. */
  #processId() {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .find((id) => {
        try {
          const words = readFileSync(`/proc/${id}/cmdline`, "utf8").split("\0");
          return words.includes(`--user-data-dir=${this.folder}`) && !words.some((word) => word.startsWith("--type="));
        } catch {
          return false;
        }
      });
  }
}
