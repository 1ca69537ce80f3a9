/** The little of WebDriver that these tests need, over `fetch`: https://www.w3.org/TR/webdriver2/ */

/** No command takes so long, the start of a browser on a busy machine included. */
const ANSWER_MS = 120_000;
/** How WebDriver marks a reference to an element in JSON. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

export class Session {
  #base;

  /** Asks the driver at this address for a browser. */
  static async open(driver, capabilities = {}) {
    const { sessionId } = await call(`${driver}/session`, "POST", { capabilities: { alwaysMatch: capabilities } });
    return new Session(`${driver}/session/${sessionId}`);
  }

  constructor(base) {
    this.#base = base;
  }

  goto(url) {
    return this.#post("/url", { url });
  }

  resize(width, height) {
    return this.#post("/window/rect", { width, height });
  }

  /** Runs a function in the page, which may be async. Arguments and result are JSON, or elements. */
  async run(work, ...args) {
    const script = `
      const done = arguments[arguments.length - 1];
      const given = Array.prototype.slice.call(arguments, 0, -1);
      Promise.resolve().then(() => (${work})(...given))
        .then((value) => done({ value }), (error) => done({ error: String(error) }));`;
    const { value, error } = await this.#post("/execute/async", { script, args });
    if (error !== undefined) throw new Error(`in the page: ${error}`);
    return value;
  }

  /** Types into an element; into a file input: the files' paths, one a line. */
  type(element, text) {
    return this.#post(`/element/${element[ELEMENT]}/value`, { text });
  }

  /** A PNG of what the window shows. */
  async screenshot() {
    return Buffer.from(await call(`${this.#base}/screenshot`, "GET"), "base64");
  }

  close() {
    return call(this.#base, "DELETE");
  }

  /** The handle of the tab that commands go to. */
  tab() {
    return call(`${this.#base}/window`, "GET");
  }

  /**
   * Opens another page, to which no command goes yet; its handle. In a window of its own: a tab would lie behind the
   * first one, where nothing is painted.
   */
  async openTab() {
    return (await this.#post("/window/new", { type: "window" })).handle;
  }

  switchTo(handle) {
    return this.#post("/window", { handle });
  }

  /** Closes the tab that commands go to; another one must be chosen then. */
  closeTab() {
    return call(`${this.#base}/window`, "DELETE");
  }

  #post(path, body) {
    return call(this.#base + path, "POST", body);
  }
}

async function call(url, method, body) {
  // A driver that hangs ends its test, and not all that follow.
  const signal = AbortSignal.timeout(ANSWER_MS);
  const answer = await fetch(url, { method, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`WebDriver: ${value.error}: ${value.message}`);
  return value;
}
