/**
 * One browser, one service and its store, with the fault proxy between all of them; and the invariants of
 * the fault list, checked from outside. In whichever engine: see `engine.mjs`.
 */

import assert from "node:assert/strict";

import { choose, hasElements, rows } from "../engines/harness/elements.mjs";
import { Bucket } from "./bucket.mjs";
import { scratchFolder, sha256OfFile } from "./bytes.mjs";
import { asEngine, launchEngine } from "./engine.mjs";
import { eventually } from "./eventually.mjs";
import { FaultProxy } from "./fault-proxy.mjs";
import { areStored, nothingIsSentAgain, nothingLiesAbout, targetOf } from "./invariants.mjs";
import { startRunning } from "./running-clock.mjs";
import { freePorts, isPortTaken, MOST_ATTEMPTS, Service } from "./service.mjs";
import { StoreProcess } from "./store-process.mjs";

/** So many lines of stored files the list keeps: `STORED_MAX` of the uploader. */
const STORED_LISTED_MOST = 100;

export class Scene {
  /**
   * `browser` may be a Chromium of your own; `preferences` are Firefox's. With `storeApart` the store is a process of
   * its own, which goes on when the service is killed.
   */
  static async open({ browser, args = [], preferences, storeApart = false } = {}) {
    const scene = new Scene();
    scene.folder = scratchFolder();
    try {
      if (storeApart) scene.store = await StoreProcess.start();
      const launched = browser ? asEngine(browser) : launchEngine({ preferences });
      [, scene.engine] = await Promise.all([scene.#serve(args), launched]);
      scene.bucket = new Bucket(scene.service, scene.store);
      scene.projects = 0;
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  /** The service, and before it and its store the proxy, which has to know where they will be. */
  async #serve(args) {
    for (let attempt = 1; ; attempt += 1) {
      const [port, storePort] = await freePorts(2);
      const store = this.store === undefined ? `127.0.0.1:${storePort}` : new URL(this.store.address).host;
      this.proxy = await FaultProxy.start({ service: `127.0.0.1:${port}`, store });
      const { store: front } = this.proxy.fronts;
      const env = this.store?.environment(front) ?? { WINDLASS_STORE_PUBLIC_URL: front };
      try {
        this.service = await Service.start({ port, storePort, args, env });
        return;
      } catch (error) {
        if (!isPortTaken(error) || attempt === MOST_ATTEMPTS) throw error;
        await this.proxy.stop();
      }
    }
  }

  async close() {
    await this.engine?.close();
    await this.service?.stop();
    await this.proxy?.stop();
    await this.store?.stop();
  }

  /**
   * A person with a page and a project of its own. `options` are further options of the client; its events
   * are counted in the page.
   */
  async visit(options = {}) {
    await this.proxy.rules();
    await this.proxy.link();
    this.projects += 1;
    const visit = new Visit(this, await this.engine.person(), `faults-${this.projects}`, options);
    await visit.open();
    await this.proxy.forget();
    return visit;
  }
}

class Visit {
  /** How the files ended in tabs that are closed by now. */
  #before = [];

  constructor(scene, tab, project, options) {
    Object.assign(this, { scene, tab, project, options, files: new Map() });
  }

  /** Playwright's page, in Chromium. */
  get page() {
    return this.tab.page;
  }

  /** Runs a function in the page. */
  run(work, ...args) {
    return this.tab.run(work, ...args);
  }

  async open() {
    const { tab, project, options, scene } = this;
    await tab.open(scene.proxy.fronts.service);
    await eventually("the elements are there", () => tab.run(hasElements), Boolean);
    await tab.run(startRunning);
    await tab.run(connect, project, scene.service.token({ project }), options);
  }

  /** Closes the tab, as a person does: nobody has a tab of this page then. */
  async leave() {
    this.#before.push(...(await this.run(() => window.ends)));
    const next = await this.tab.tab();
    await this.tab.close();
    this.tab = next;
  }

  /** Chooses files as a person does. */
  async choose(...paths) {
    for (const path of paths) this.files.set(path.split("/").at(-1), await sha256OfFile(path));
    await choose(this.tab, ...paths);
  }

  rows() {
    return rows(this.tab);
  }

  /** What became of the files, in the order of their ends: name, state, code. */
  async ends() {
    return [...this.#before, ...(await this.run(() => window.ends))];
  }

  /** Waits until so many files have ended, and the list says the same of each: it is painted a frame later. */
  ended(count = this.files.size, timeoutMs = 120_000) {
    return eventually(
      `${count} files have ended`,
      async () => ({ ends: await this.ends(), misshown: await this.#misshown() }),
      ({ ends, misshown }) => ends.length >= count && misshown.length === 0,
      timeoutMs,
    );
  }

  /**
   * The ends of which the list on the page says something else; or nothing, though the file ended in this tab and is
   * none of those stored ones whose line was let go.
   */
  async #misshown() {
    const own = await this.run(() => window.ends);
    const listed = await this.rows();
    const shown = new Map(listed.map(({ name, state }) => [name, state]));
    const mayBeLetGo = ({ state }) => state === "stored" && listed.length >= STORED_LISTED_MOST;
    return [
      ...this.#before.filter(({ filename }) => shown.has(filename)),
      ...own.filter((end) => shown.has(end.filename) || !mayBeLetGo(end)),
    ].filter(({ filename, state }) => shown.get(filename) !== state);
  }

  /** Waits until the store has answered so many PUTs well, and answers when. */
  async partsStored(count, timeoutMs = 60_000) {
    const isStored = ({ front, method, status }) => front === "store" && method === "PUT" && status === 200;
    await eventually(
      `${count} PUTs stored`,
      async () => (await this.scene.proxy.requests()).filter(isStored).length,
      (stored) => stored >= count,
      timeoutMs,
    );
  }

  /** The PUTs the proxy saw. */
  async puts() {
    return (await this.scene.proxy.requests()).filter(({ front, method }) => front === "store" && method === "PUT");
  }

  /**
   * Those that were answered: where attempts are counted. What a browser repeats by itself, unseen by the page, or the
   * page on a machine that stood still, was not.
   */
  async putsAnswered() {
    return (await this.puts()).filter(({ status }) => status !== null);
  }

  /** All chosen files are stored, and every invariant holds. */
  async allStored({ timeoutMs, ...checks } = {}) {
    await this.ended(this.files.size, timeoutMs);
    for (const { filename, state, code } of await this.ends()) {
      assert.equal(`${state} ${code ?? ""}`.trim(), "stored", filename);
    }
    await this.invariants(checks);
  }

  /**
   * I1–I5, from outside: by the service's records, the bucket's contents and the proxy's journal. Of the rules that are
   * still in force each has met a request, or nothing was shown of its fault; where chance decides, one `mayMiss`.
   */
  async invariants({ wasteMost, mayMiss = false } = {}) {
    const { scene, project } = this;
    const puts = await this.puts();
    const met = await scene.proxy.met();
    assert.ok(mayMiss || met.every((count) => count > 0), `how often each fault was met: ${met}`);
    await scene.proxy.rules();
    await scene.proxy.link();
    const ends = await this.ends();
    // I3, I5: every file has ended once, and the list on the page says the same.
    assert.deepEqual(ends.map(({ filename }) => filename).sort(), [...this.files.keys()].sort(), "each file ends once");
    assert.deepEqual(await this.#misshown(), [], "the list says of each how it ended");
    const stored = ends.filter(({ state }) => state === "stored").map(({ filename }) => filename);
    const { photos, objects } = await areStored(scene, project, new Map(stored.map((name) => [name, this.files.get(name)])));
    assert.deepEqual(photos.map(({ filename }) => filename).sort(), stored.sort(), "one photo for each stored file, and no other");
    await nothingLiesAbout(scene, project);
    nothingIsSentAgain(
      puts.map(({ path, query, started_ms: begun, ended_ms: ended, status, upstream_status: answered }) => ({
        target: targetOf(path, query),
        begun,
        // What only the proxy said was stored is none of it.
        told: status === 200 && answered === 200 ? ended : null,
      })),
    );
    if (wasteMost !== undefined) {
      const sent = puts.reduce((sum, { request_bytes: bytes }) => sum + bytes, 0);
      const bytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      assert.ok(sent / bytes <= wasteMost, `${sent} bytes were sent for ${bytes}`);
    }
    assert.ok(puts.length > 0 || stored.length === 0, "the bytes went through the proxy");
    await this.tab.leave();
  }
}

/** In the page: a client of the project's for the uploader, and for the gallery; how its files go is counted. */
async function connect(project, token, options) {
  const { Windlass } = await import(new URL("/windlass/index.js", location.href).href);
  window.tokensAsked = 0;
  window.ends = [];
  window.states = [];
  const client = new Windlass({
    endpoint: location.origin,
    project,
    token: () => {
      window.tokensAsked += 1;
      return token;
    },
    ...options,
  });
  client.addEventListener("statechange", ({ upload: { filename, ended, error }, state }) => {
    window.states.push({ filename, state, atMs: window.ranMs() });
    if (ended) window.ends.push({ filename, state, code: error?.code ?? null });
  });
  document.querySelector("windlass-uploader").client = client;
}
