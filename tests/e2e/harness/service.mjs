/** The real service as a real process, on free ports and a data folder of its own. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const binary = process.env.WINDLASS_BINARY;
if (!binary) {
  throw new Error("WINDLASS_BINARY is not set: run these tests with `cargo xtask test browser engines`");
}

const MOST_ATTEMPTS = 5;

/** Ports that were free a moment ago. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

export class Service {
  #tokens = new Map();

  /** Starts the service on embedded defaults and waits until it is ready. */
  static async start({ env = {}, args = [], port, storePort } = {}) {
    const service = new Service();
    service.env = env;
    service.args = args;
    service.dataDir = await mkdtemp(join(tmpdir(), "windlass-e2e-"));
    for (let attempt = 1; ; attempt += 1) {
      const free = await freePorts(2);
      service.port = port ?? free[0];
      service.storePort = storePort ?? free[1];
      try {
        await service.resume();
        return service;
      } catch (error) {
        // Somebody else was given one of them meanwhile.
        const isTaken = /address already in use/i.test(service.log) && (port === undefined || storePort === undefined);
        if (!isTaken || attempt === MOST_ATTEMPTS) throw error;
      }
    }
  }

  get address() {
    return `http://127.0.0.1:${this.port}`;
  }

  get storeAddress() {
    return `http://127.0.0.1:${this.storePort}`;
  }

  /** Starts the process (again) on the same ports and data. */
  async resume() {
    this.log = "";
    this.process = spawn(
      binary,
      ["serve", "--port", String(this.port), "--store-port", String(this.storePort), "--data-dir", this.dataDir, ...this.args],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...this.env } },
    );
    const keep = (chunk) => (this.log = (this.log + chunk).slice(-20_000_000));
    this.process.stdout.on("data", keep);
    this.process.stderr.on("data", keep);
    const deadline = Date.now() + 60_000;
    for (;;) {
      if (this.process.exitCode !== null) {
        throw new Error(`the service ended with ${this.process.exitCode}:\n${this.log}`);
      }
      const answer = await fetch(`${this.address}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      if (Date.now() > deadline) throw new Error(`the service did not get ready:\n${this.log}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Ends the process and waits for it; the data stays. */
  async pause(signal = "SIGTERM") {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.kill(signal);
    await ended;
  }

  /** Ends the process and removes its data. */
  async stop() {
    await this.pause();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** A development token, minted as an operator would; once, for everything in this process stands still meanwhile. */
  token({ tenant = "demo", project = "demo", scope } = {}) {
    const wanted = `${tenant} ${project} ${scope}`;
    if (!this.#tokens.has(wanted)) this.#tokens.set(wanted, this.#mint(tenant, project, scope));
    return this.#tokens.get(wanted);
  }

  #mint(tenant, project, scope) {
    const args = ["token", "--tenant", tenant, "--project", project, "--data-dir", this.dataDir];
    if (scope) args.push("--scope", scope);
    return execFileSync(binary, args, { encoding: "utf8" }).trim();
  }

  /** Calls the API as a program of its own, beside the SDK. */
  async api(path, { method = "GET", body, token = this.token() } = {}) {
    const answer = await fetch(`${this.address}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, json: text ? JSON.parse(text) : undefined };
  }

  /** All photos of a project. */
  async photos(project = "demo") {
    const photos = [];
    let cursor;
    do {
      const query = new URLSearchParams({ project_id: project, limit: "100", ...(cursor ? { cursor } : {}) });
      const { json } = await this.api(`/photos?${query}`, { token: this.token({ project }) });
      photos.push(...json.photos);
      cursor = json.next_cursor;
    } while (cursor);
    return photos;
  }
}
