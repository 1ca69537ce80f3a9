/** The fault proxy (`tests/fault-proxy`) as a process: between the browser, the service and the store. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const binary = process.env.WINDLASS_FAULT_PROXY;

/**
 * What the store says in S3's words, in the proxy's mouth; CORS lets the page read it. Which of its headers, the real
 * store is to say: where a header matters, its answer is `rewritten`.
 */
export function storeError(status, code, message = code) {
  return {
    kind: "respond",
    status,
    headers: { "access-control-allow-origin": "*", "content-type": "application/xml" },
    body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`,
  };
}

/** The upstream's own answer, with its CORS headers, of another status and with headers it does not have. */
export function rewritten(status, headers) {
  return { kind: "rewrite", status, set_headers: headers };
}

/** What the service says when it refuses. */
export function problem(status, code, detail = code, { retryAfterS } = {}) {
  return {
    kind: "respond",
    status,
    ...(retryAfterS === undefined ? {} : { retry_after_s: retryAfterS }),
    headers: { "content-type": "application/problem+json" },
    body: JSON.stringify({ type: `urn:windlass:problem:${code}`, title: code, status, code, detail }),
  };
}

export const CREATE = { front: "service", method: "POST", path: "/uploads$" };
export const SIGN = { front: "service", method: "POST", path: "/parts$" };
export const COMPLETE = { front: "service", method: "POST", path: "/complete$" };
export const PUT = { front: "store", method: "PUT" };
export const PART = { front: "store", method: "PUT", query: "partNumber=" };
export const part = (number) => ({ front: "store", method: "PUT", query: `partNumber=${number}(&|$)` });

export class FaultProxy {
  /** `fronts`: from names to upstreams, `host:port`. */
  static async start(fronts) {
    if (!binary) {
      throw new Error("WINDLASS_FAULT_PROXY is not set: run these tests with `cargo xtask test faults`");
    }
    const proxy = new FaultProxy();
    const args = Object.entries(fronts).flatMap(([name, upstream]) => ["--front", `${name}=${upstream}`]);
    proxy.process = spawn(binary, ["--control", "127.0.0.1:0", ...args], { stdio: ["pipe", "pipe", "inherit"] });
    const [line] = await once(createInterface({ input: proxy.process.stdout }), "line");
    Object.assign(proxy, JSON.parse(line));
    return proxy;
  }

  async stop() {
    if (this.process.exitCode !== null) return;
    const ended = once(this.process, "exit");
    this.process.stdin.end();
    await ended;
  }

  /** These rules and no others. */
  rules(...rules) {
    return this.#ask("PUT", "/rules", rules);
  }

  /** How often each rule met a request. */
  async met() {
    return (await this.#ask("GET", "/rules")).map(({ met }) => met);
  }

  /** A preset by name, or a line in every detail; nothing for a perfect one. */
  link(wish) {
    return wish === undefined ? this.#ask("DELETE", "/link") : this.#ask("PUT", "/link", wish);
  }

  /** What is open dies now (`reset`), or goes silent for ever (`silence`). */
  connections(action) {
    return this.#ask("POST", "/connections", { action });
  }

  /** What passed since the last `forget`. */
  requests() {
    return this.#ask("GET", "/requests");
  }

  forget() {
    return this.#ask("DELETE", "/requests");
  }

  async #ask(method, path, body) {
    const answer = await fetch(`${this.control}${path}`, {
      method,
      ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the fault proxy answered ${answer.status} to ${method} ${path}: ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }
}
