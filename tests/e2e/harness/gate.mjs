/** A gate before the store: counts what is sent, piece by piece, and lets through as much as it is told. */

import { createServer, request } from "node:http";
import { once } from "node:events";

import { targetOf } from "./invariants.mjs";

const SLICE_MS = 20;

export class Gate {
  /** Every PUT: its path and part, the bytes that came in, and what the store answered, if it did. */
  puts = [];
  /** The same since the beginning, whatever was forgotten: see `nothingIsSentAgain`. */
  journal = [];
  /** Of all PUTs together; `Infinity` lets everything through, 0 nothing. */
  bytesPerSecond = Infinity;
  /** PUTs to paths like this wait until it is `null` again. */
  held = null;
  /** While it is true, nobody gets through: requests break off. */
  isCut = false;
  /** So often somebody came meanwhile. */
  turnedAway = 0;
  #server;
  #storePort;
  #closed = false;
  #line = Promise.resolve();

  static async open() {
    const gate = new Gate();
    gate.#server = createServer((incoming, answer) => gate.#pass(incoming, answer));
    gate.#server.listen(0, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  /** The address the service signs for (`WINDLASS_STORE_PUBLIC_URL`). */
  get address() {
    return `http://127.0.0.1:${this.#server.address().port}`;
  }

  leadTo(storePort) {
    this.#storePort = storePort;
  }

  close() {
    this.#closed = true;
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** Forgets what was counted. */
  forget() {
    this.puts = [];
    this.turnedAway = 0;
  }

  /** Bytes of PUTs to a kind of object: `/original`, `/thumb_200` … */
  bytesTo(name) {
    return this.puts.filter(({ path }) => path.includes(name)).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What was begun to be sent, each as path and part. */
  get sent() {
    return this.puts.map(({ path, part }) => `${path} ${part ?? ""}`);
  }

  /** What the store has acknowledged of it. */
  get stored() {
    return this.puts.filter(({ status }) => status === 200).map(({ path, part }) => `${path} ${part ?? ""}`);
  }

  /** What is under way breaks off, and so does what comes, until `isCut` is false again. */
  cut() {
    this.isCut = true;
    this.#server.closeAllConnections();
  }

  #pass(incoming, answer) {
    if (this.isCut) {
      this.turnedAway += 1;
      return incoming.destroy();
    }
    const { pathname, search, searchParams } = new URL(incoming.url, this.address);
    const put = { path: pathname, part: searchParams.get("partNumber"), bytes: 0, status: null };
    // Other bytes in the place of what was stored, as of another file under the same name, are not the same again.
    const bytes = incoming.headers["x-amz-checksum-crc64nvme"] ?? "";
    const passed = { target: `${targetOf(pathname, search)} ${bytes}`, begun: performance.now(), told: null };
    if (incoming.method === "PUT") {
      this.puts.push(put);
      this.journal.push(passed);
      answer.once("finish", () => (passed.told = put.status === 200 ? performance.now() : null));
    }
    const outgoing = request(
      { port: this.#storePort, host: "127.0.0.1", agent: false, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (response) => {
        put.status = response.statusCode;
        answer.writeHead(response.statusCode, response.headers);
        response.pipe(answer);
      },
    );
    outgoing.on("error", () => answer.destroy());
    incoming.on("error", () => outgoing.destroy());
    answer.on("close", () => outgoing.destroy());
    void this.#forward(incoming, outgoing, put, () => answer.destroyed || this.#closed);
  }

  async #forward(incoming, outgoing, put, isOver) {
    try {
      for await (const chunk of incoming) {
        put.bytes += chunk.length;
        if (incoming.method === "PUT") {
          await this.#released(put.path, isOver);
          await this.#turn(chunk.length, isOver);
        }
        if (!outgoing.write(chunk)) await once(outgoing, "drain");
      }
      outgoing.end();
    } catch {
      outgoing.destroy();
    }
  }

  async #released(path, isOver) {
    while (this.held?.test(path)) {
      if (isOver()) throw new Error("nobody sends any more");
      await new Promise((slice) => setTimeout(slice, SLICE_MS));
    }
  }

  /** Waits as long as so many bytes take on the line that all PUTs share. */
  async #turn(bytes, isOver) {
    const before = this.#line;
    let done;
    this.#line = new Promise((resolve) => (done = resolve));
    try {
      await before;
      // In slices, so that another rate is felt at once, whatever it was before.
      for (let left = bytes; ; ) {
        const rate = this.bytesPerSecond;
        const waitMs = (left / rate) * 1000;
        if (waitMs === 0) return;
        if (isOver()) throw new Error("nobody sends any more");
        await new Promise((slice) => setTimeout(slice, Math.min(waitMs, SLICE_MS)));
        if (waitMs <= SLICE_MS) return;
        left -= (rate * SLICE_MS) / 1000;
      }
    } finally {
      done();
    }
  }
}
