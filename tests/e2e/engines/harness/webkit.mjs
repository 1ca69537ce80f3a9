/** WebKitGTK, the engine of every iPhone's browser, in its own MiniBrowser on a screen of our own. */

import { spawn } from "node:child_process";
import { once } from "node:events";

import { eventually } from "../../harness/browser.mjs";
import { freePorts } from "../../harness/service.mjs";
import { PHONE } from "./phone.mjs";
import { Session } from "./webdriver.mjs";

const DRIVER = process.env.WINDLASS_WEBKIT_DRIVER ?? "WebKitWebDriver";
const ENVIRONMENT = {
  // Namespaces are not there in most containers; nothing but our own page is opened.
  WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: "1",
  // No graphics hardware.
  WEBKIT_DISABLE_DMABUF_RENDERER: "1",
  LIBGL_ALWAYS_SOFTWARE: "1",
};

export async function launchWebKit() {
  const screen = await startScreen();
  let driver;
  try {
    const [port] = await freePorts(1);
    driver = spawn(DRIVER, [`--port=${port}`], {
      stdio: "ignore",
      env: { ...process.env, ...ENVIRONMENT, DISPLAY: screen.display },
    });
    const failed = once(driver, "error").then(([error]) => Promise.reject(error));
    const address = `http://127.0.0.1:${port}`;
    await Promise.race([
      failed,
      eventually("the driver answers", () => fetch(`${address}/status`).then(({ ok }) => ok, () => false), Boolean),
    ]);
    const session = await Session.open(address);
    const end = async () => {
      await session.close();
      for (const process of [driver, screen.process]) {
        const ended = once(process, "exit");
        process.kill();
        await ended;
      }
    };
    return new WebKit(session, await session.tab(), end);
  } catch (error) {
    driver?.kill();
    screen.process.kill();
    throw error;
  }
}

/** Xvfb picks a free display by itself and writes its number when it is ready. */
async function startScreen() {
  const process = spawn("Xvfb", ["-displayfd", "3", "-screen", "0", "800x1000x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const number = await Promise.race([
    once(process.stdio[3], "data"),
    once(process, "error").then(([error]) => Promise.reject(error)),
    once(process, "exit").then(([code]) => Promise.reject(new Error(`Xvfb ended with ${code}`))),
  ]);
  return { process, display: `:${String(number).trim()}` };
}

/** A tab. Commands of one session go to one tab at a time: tests ask one after the other. */
class WebKit {
  #session;
  #handle;
  #close;
  /** Never closed before the browser is. */
  #first;
  #complaints = [];

  constructor(session, handle, close, first = handle) {
    this.#session = session;
    this.#handle = handle;
    this.#close = close;
    this.#first = first;
  }

  /** The window does not get narrower than its toolbar, about 450 px. */
  async open(address) {
    await this.#keepComplaints();
    await this.#session.resize(PHONE.width, PHONE.height);
    await this.#session.goto(address);
    await this.#session.run(listenForComplaints);
  }

  async run(work, ...args) {
    await this.#session.switchTo(this.#handle);
    return this.#session.run(work, ...args);
  }

  async choose(find, paths) {
    await this.#session.type(await this.run(find), paths.join("\n"));
  }

  async screenshot() {
    await this.#session.switchTo(this.#handle);
    return this.#session.screenshot();
  }

  /** What the page complained of since it was loaded: plain WebDriver has no console. */
  async complaints() {
    await this.#keepComplaints();
    return this.#complaints;
  }

  /** Another tab of the same person; closing it closes the tab alone. */
  async tab() {
    await this.#session.switchTo(this.#first);
    const handle = await this.#session.openTab();
    const close = async () => {
      await this.#session.switchTo(handle);
      await this.#session.closeTab();
      await this.#session.switchTo(this.#first);
    };
    return new WebKit(this.#session, handle, close, this.#first);
  }

  /** There is one person in a session: a tab, which shares what is kept with those before it. */
  person() {
    return this.tab();
  }

  leave() {
    return this.#close();
  }

  close() {
    return this.#close();
  }

  async #keepComplaints() {
    this.#complaints.push(...(await this.run(() => globalThis.complaints?.splice(0) ?? [])));
  }
}

/** In the page. What went wrong before: the buffered reports; a script that failed leaves no elements. */
function listenForComplaints() {
  const complaints = (globalThis.complaints = []);
  const told = console.error;
  console.error = (...words) => {
    complaints.push(words.map(String).join(" "));
    told.apply(console, words);
  };
  addEventListener("error", ({ message }) => complaints.push(String(message)));
  addEventListener("unhandledrejection", ({ reason }) => complaints.push(String(reason)));
  const policy = new ReportingObserver(
    (reports) => complaints.push(...reports.map(({ body }) => `${body.effectiveDirective} forbids ${body.blockedURL}`)),
    { types: ["csp-violation"], buffered: true },
  );
  policy.observe();
}
