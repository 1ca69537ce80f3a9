/**
 * One browser, one service and its store, with the fault proxy between all of them; and the invariants of
 * the fault list, checked from outside.
 */

import assert from "node:assert/strict";

import { Bucket } from "./bucket.mjs";
import { eventually, launch, openPage } from "./browser.mjs";
import { scratchFolder, sha256OfFile } from "./bytes.mjs";
import { FaultProxy } from "./fault-proxy.mjs";
import { freePorts, Service } from "./service.mjs";
import { rows } from "./uploader.mjs";

export class Scene {
  /** `browser` may be one of your own. */
  static async open({ browser, args = [] } = {}) {
    const scene = new Scene();
    scene.folder = scratchFolder();
    const [port, storePort] = await freePorts(2);
    scene.proxy = await FaultProxy.start({ service: `127.0.0.1:${port}`, store: `127.0.0.1:${storePort}` });
    [scene.service, scene.browser] = await Promise.all([
      Service.start({ port, storePort, args, env: { WINDLASS_STORE_PUBLIC_URL: scene.proxy.fronts.store } }),
      browser ?? launch(),
    ]);
    scene.bucket = new Bucket(scene.service);
    scene.projects = 0;
    return scene;
  }

  async close() {
    await this.browser?.close();
    await this.service?.stop();
    await this.proxy?.stop();
  }

  /**
   * A page of its own with a project of its own. `options` are further options of the client; its events
   * are counted in the page.
   */
  async visit(options = {}) {
    await this.proxy.rules();
    await this.proxy.link();
    this.projects += 1;
    const project = `faults-${this.projects}`;
    const page = await openPage(this.browser, this.proxy.fronts.service);
    await page.evaluate(
      async ({ project: id, token, options: more }) => {
        const { Windlass } = await import("/windlass/index.js");
        window.tokensAsked = 0;
        window.ends = [];
        window.states = [];
        const client = new Windlass({
          endpoint: location.origin,
          project: id,
          token: () => {
            window.tokensAsked += 1;
            return token;
          },
          ...more,
        });
        client.addEventListener("statechange", ({ upload: { filename, ended, error }, state }) => {
          window.states.push({ filename, state, atMs: performance.now() });
          if (ended) window.ends.push({ filename, state, code: error?.code ?? null });
        });
        document.querySelector("windlass-uploader").client = client;
      },
      { project, token: this.service.token({ project }), options },
    );
    await this.proxy.forget();
    return new Visit(this, page, project);
  }
}

class Visit {
  constructor(scene, page, project) {
    Object.assign(this, { scene, page, project, files: new Map() });
  }

  /** Chooses files as a person does. */
  async choose(...paths) {
    for (const path of paths) this.files.set(path.split("/").at(-1), await sha256OfFile(path));
    await this.page.locator("windlass-uploader input[type=file]").first().setInputFiles(paths);
  }

  rows() {
    return rows(this.page);
  }

  /** What became of the files, in the order of their ends: name, state, code. */
  ends() {
    return this.page.evaluate(() => window.ends);
  }

  /** Waits until so many files have ended, and the list says the same of each: it is painted a frame later. */
  ended(count = this.files.size, timeoutMs = 120_000) {
    return eventually(
      `${count} files have ended`,
      async () => ({ ends: await this.ends(), rows: await this.rows() }),
      ({ ends, rows: listed }) =>
        ends.length >= count &&
        listed.every(({ name, state }) => state === (ends.find(({ filename }) => filename === name)?.state ?? state)),
      timeoutMs,
    );
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

  /** All chosen files are stored, and every invariant holds. */
  async allStored({ timeoutMs, wasteMost } = {}) {
    await this.ended(this.files.size, timeoutMs);
    for (const { filename, state, code } of await this.ends()) {
      assert.equal(`${state} ${code ?? ""}`.trim(), "stored", filename);
    }
    await this.invariants({ wasteMost });
  }

  /** I1–I5, from outside: by the service's records, the bucket's contents and the proxy's journal. */
  async invariants({ wasteMost } = {}) {
    const { scene, project } = this;
    const puts = await this.puts();
    await scene.proxy.rules();
    await scene.proxy.link();
    const ends = await this.ends();
    // I3, I5: every file has ended once, and the list on the page says the same.
    assert.deepEqual(ends.map(({ filename }) => filename).sort(), [...this.files.keys()].sort(), "each file ends once");
    for (const { name, state } of await this.rows()) {
      const end = ends.find(({ filename }) => filename === name);
      if (end !== undefined) assert.equal(state, end.state, `the row of ${name} says how it ended`);
    }
    // I1: what is called stored is in the bucket, byte for byte, once.
    const photos = await scene.service.photos(project);
    const stored = ends.filter(({ state }) => state === "stored").map(({ filename }) => filename);
    assert.deepEqual(photos.map(({ filename }) => filename).sort(), stored.sort(), "one photo for each stored file, and no other");
    // I5 for whoever watches: each photo is told to be there once, and nothing else is.
    const told = (await scene.service.events(project)).filter(({ name }) => name === "photo.created");
    assert.deepEqual(told.map(({ data }) => data.photo_id).sort(), photos.map(({ photo_id: id }) => id).sort(), "told once that it is there");
    const objects = (await scene.bucket.objects()).filter(({ key }) => key.includes(`/${project}/`));
    for (const { filename, photo_id: id, variants } of photos) {
      const own = objects.filter(({ key }) => key.includes(id));
      assert.equal(own.length, 1 + Object.keys(variants).length, `objects of ${filename}: ${own.map(({ key }) => key)}`);
      const original = own.find(({ key }) => key.includes("/original"));
      assert.equal(await scene.bucket.sha256(original.key), this.files.get(filename), `the bytes of ${filename}`);
    }
    // I2: nothing else is there, or it is gone soon.
    await eventually(
      "nothing lies about in the bucket",
      async () => {
        const isOwned = (key) => photos.some(({ photo_id: id }) => key.includes(id));
        const lying = (await scene.bucket.objects()).map(({ key }) => key).filter((key) => key.includes(`/${project}/`) && !isOwned(key));
        const open = (await scene.bucket.openUploads()).filter((key) => key.includes(`/${project}/`));
        return { lying, open };
      },
      ({ lying, open }) => lying.length === 0 && open.length === 0,
      30_000,
    );
    // I4: what the store had acknowledged was not sent again.
    const acknowledged = new Set();
    for (const { path, query, status, upstream_status: stored, request_bytes: bytes } of puts.sort((a, b) => a.started_ms - b.started_ms)) {
      const target = `${path} ${/partNumber=\d+/.exec(query)?.[0] ?? ""} ${/uploadId=[^&]+/.exec(query)?.[0] ?? ""}`;
      assert.ok(!acknowledged.has(target), `sent again though it was stored: ${target}, ${bytes} bytes`);
      // What only the proxy said was stored is none of it.
      if (status === 200 && stored === 200) acknowledged.add(target);
    }
    if (wasteMost !== undefined) {
      const sent = puts.reduce((sum, { request_bytes: bytes }) => sum + bytes, 0);
      const bytes = objects.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      assert.ok(sent / bytes <= wasteMost, `${sent} bytes were sent for ${bytes}`);
    }
    assert.ok(puts.length > 0 || stored.length === 0, "the bytes went through the proxy");
    await this.page.context().close();
  }
}
