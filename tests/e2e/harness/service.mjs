/** The real service as a real process, on free ports and a data folder of its own. */

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

const binary = process.env.WINDLASS_BINARY;
if (!binary) {
  throw new Error("WINDLASS_BINARY is not set: run these tests with `cargo xtask test browser engines`");
}

/** How often somebody else may be given a port that was free a moment ago. */
export const MOST_ATTEMPTS = 5;
/** How much of a service's log is kept, in characters: its end. */
export const LOG_MOST = 20_000_000;

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

/** Whether a service could not start for that reason. */
export const isPortTaken = ({ message }) => /address already in use/i.test(message);

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
        const mayBeOthers = port === undefined || storePort === undefined;
        if (!isPortTaken(error) || !mayBeOthers || attempt === MOST_ATTEMPTS) throw error;
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
    // Its last words may be read after its exit.
    this.ended = once(this.process, "close");
    const keep = (chunk) => (this.log = (this.log + chunk).slice(-LOG_MOST));
    this.process.stdout.on("data", keep);
    this.process.stderr.on("data", keep);
    const deadline = Date.now() + 60_000;
    for (;;) {
      if (this.process.exitCode !== null) {
        await this.ended;
        throw new Error(`the service ended with ${this.process.exitCode}:\n${this.log}`);
      }
      const answer = await fetch(`${this.address}/readyz`).catch(() => undefined);
      if (answer?.ok) return;
      if (Date.now() > deadline) throw new Error(`the service did not get ready:\n${this.log}`);
      await new Promise((done) => setTimeout(done, 50));
    }
  }

  /** Ends the process and waits for it and its last words; the data stays. */
  async pause(signal = "SIGTERM") {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    this.process.kill(signal);
    await this.ended;
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

  /** Stores a photo of one PUT as a program of its own, beside any browser: the photo. */
  async store(path, client_ref = `beside-${basename(path)}`) {
    const [filename, bytes] = [basename(path), await readFile(path)];
    const file = { client_ref, filename, content_type: "image/jpeg", size: bytes.length };
    const { json } = await this.api("/uploads", { method: "POST", body: { project_id: "demo", files: [file] } });
    const [upload] = json.uploads;
    const { "content-length": _, ...headers } = upload.headers;
    const put = await fetch(upload.url, { method: "PUT", body: bytes, headers });
    if (!put.ok) throw new Error(`the store answered ${put.status} to a signed PUT: ${await put.text()}`);
    const { status, json: photo } = await this.api(`/uploads/${upload.upload_id}/complete`, { method: "POST", body: {} });
    if (status !== 200) throw new Error(`${filename} is not stored: ${status} ${JSON.stringify(photo)}`);
    return photo;
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

  /** What was told of a project since its first event: number, name and data of each event. */
  async events(project = "demo") {
    const token = this.token({ project });
    const { json: list } = await this.api(`/photos?${new URLSearchParams({ project_id: project, limit: "1" })}`, { token });
    const events = [];
    if (list.latest_event === 0) return events;
    const query = new URLSearchParams({ project_id: project, last_event_id: "0" });
    const answer = await fetch(`${this.address}/api/v1/events?${query}`, { headers: { authorization: `Bearer ${token}` } });
    let text = "";
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (text + chunk).split("\n\n");
      text = blocks.pop();
      for (const block of blocks) {
        const field = (name) => new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1];
        if (field("event")?.startsWith("photo.")) events.push({ id: Number(field("id")), name: field("event"), data: JSON.parse(field("data")) });
      }
      if (events.at(-1)?.id >= list.latest_event) return events;
    }
    throw new Error(`the stream of ${project} ended before its last event: ${JSON.stringify(events)}`);
  }
}
