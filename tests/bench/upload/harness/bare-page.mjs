/**
 * A page that nobody watches. A driver that listens to the network has the page keep the body of every response for
 * it, up to 200 MB: what a page needs of memory can only be told without one.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { ARGUMENTS, EXECUTABLE } from "../../../e2e/harness/chromium.mjs";

const ASK_EVERY_MS = 100;

export class BarePage {
  #browser;
  #profile;
  #session;
  #asked = 0;
  #questions = new Map();

  /** A browser of its own, with one page. */
  static async open(url) {
    const page = new BarePage();
    page.#profile = await mkdtemp(join(tmpdir(), "windlass-bare-page-"));
    const flags = ["--headless=new", "--remote-debugging-pipe", `--user-data-dir=${page.#profile}`, "--window-size=1280,900"];
    page.#browser = spawn(EXECUTABLE, [...flags, ...ARGUMENTS, "about:blank"], { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
    try {
      page.#listen();
      const { targetInfos } = await page.#ask("Target.getTargets");
      const { targetId } = targetInfos.find(({ type }) => type === "page");
      page.#session = (await page.#ask("Target.attachToTarget", { targetId, flatten: true })).sessionId;
      await page.#ask("Page.navigate", { url }, page.#session);
      await page.until(() => document.readyState === "complete");
      return page;
    } catch (error) {
      await page.close();
      throw error;
    }
  }

  /** What `work`, a function of one argument, answers in the page. */
  async evaluate(work, argument = null) {
    const expression = `(${work})(${JSON.stringify(argument)})`;
    const { result, exceptionDetails } = await this.#ask("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true }, this.#session);
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Waits until `is` is true in the page. */
  async until(is, argument = null, timeoutMs = 30_000) {
    for (const endsAt = Date.now() + timeoutMs; Date.now() < endsAt; await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS))) {
      if (await this.evaluate(is, argument)) return;
    }
    throw new Error(`not within ${timeoutMs} ms: ${is}`);
  }

  /** Puts files into the input that `find` answers. */
  async setFiles(find, files) {
    const { result } = await this.#ask("Runtime.evaluate", { expression: `(${find})()` }, this.#session);
    await this.#ask("DOM.setFileInputFiles", { files, objectId: result.objectId }, this.#session);
    await this.#ask("Runtime.releaseObject", { objectId: result.objectId }, this.#session);
  }

  collectGarbage() {
    return this.#ask("HeapProfiler.collectGarbage", {}, this.#session);
  }

  /** The ids of the browser's processes of a type. */
  async processes(wanted) {
    const { processInfo } = await this.#ask("SystemInfo.getProcessInfo");
    return processInfo.filter(({ type }) => type === wanted).map(({ id }) => id);
  }

  async close() {
    if (this.#browser.exitCode === null && this.#browser.kill()) await once(this.#browser, "exit");
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 3 });
  }

  #ask(method, params = {}, sessionId = undefined) {
    return new Promise((resolve, reject) => {
      this.#asked += 1;
      this.#questions.set(this.#asked, { resolve, reject });
      this.#browser.stdio[3].write(`${JSON.stringify({ id: this.#asked, method, params, sessionId })}\0`);
    });
  }

  #listen() {
    let rest = "";
    this.#browser.stdio[4].setEncoding("utf8").on("data", (text) => {
      const messages = (rest + text).split("\0");
      rest = messages.pop();
      for (const { id, result, error } of messages.map((message) => JSON.parse(message))) {
        const question = this.#questions.get(id);
        this.#questions.delete(id);
        if (error) question?.reject(new Error(error.message));
        else question?.resolve(result);
      }
    });
    this.#browser.once("exit", () => {
      for (const { reject } of this.#questions.values()) reject(new Error("the browser has ended"));
      this.#questions.clear();
    });
  }
}
