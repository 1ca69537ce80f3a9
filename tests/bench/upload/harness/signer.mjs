/**
 * What Uppy needs of an integrator's server: its page, signed URLs for the very bucket that our service
 * signs for, and, for v5, multipart uploads begun, listed and joined.
 */

import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";

/** A page with a file input and nothing else. */
export const PAGE = '<!doctype html><meta charset="utf-8" /><title>Bench</title><input type="file" multiple />';

const text = (xml, name) => new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(xml)?.[1];

export class Signer {
  #server;
  #work;

  /** Listens before the others are there; `serve` says for whom. */
  static async listen() {
    const signer = new Signer();
    signer.#server = createServer((request, response) => {
      signer.#answer(request).then(
        ({ status = 200, type = "application/json", body }) => {
          response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) }).end(body);
        },
        (error) => {
          const body = String(error);
          response.writeHead(502, { "content-type": "text/plain", "content-length": Buffer.byteLength(body) }).end(body);
        },
      );
    });
    signer.#server.listen(0, "127.0.0.1");
    await once(signer.#server, "listening");
    return signer;
  }

  get host() {
    return `127.0.0.1:${this.#server.address().port}`;
  }

  /** `publicStore` is where the browser finds the store, `store` where this server does. */
  serve({ presigner, publicStore, store, built }) {
    this.#work = { presigner, publicStore, store, built };
  }

  close() {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #answer(request) {
    const { pathname } = new URL(request.url, "http://signer");
    if (request.method === "GET") return this.#file(pathname);
    const question = JSON.parse(Buffer.concat(await request.toArray()).toString() || "{}");
    return { body: JSON.stringify(await this.#sign(pathname, question)) };
  }

  async #file(pathname) {
    if (pathname === "/bench") return { type: "text/html", body: PAGE };
    const name = /^\/built\/([a-z0-9-]+\.js)$/.exec(pathname)?.[1];
    if (name === undefined) return { status: 404, type: "text/plain", body: "not here" };
    return { type: "text/javascript", body: await readFile(join(this.#work.built, name), "utf8") };
  }

  async #sign(pathname, { method, key, uploadId, partNumber, parts }) {
    const { presigner, publicStore } = this.#work;
    switch (pathname) {
      case "/sign": {
        // Without an upload id a POST is the beginning of one.
        const query = uploadId ? { uploadId, ...(partNumber && { partNumber: String(partNumber) }) } : method === "POST" ? { uploads: "" } : {};
        return { url: presigner.url(publicStore, method, key, query) };
      }
      case "/multipart/create":
        return { key, uploadId: text(await this.#ask("POST", key, { uploads: "" }), "UploadId") };
      case "/multipart/list": {
        const xml = await this.#ask("GET", key, { uploadId });
        return [...xml.matchAll(/<Part>(.*?)<\/Part>/gs)].map(([, part]) => ({
          PartNumber: Number(text(part, "PartNumber")),
          Size: Number(text(part, "Size")),
          ETag: text(part, "ETag").replaceAll("&quot;", '"'),
        }));
      }
      case "/multipart/complete": {
        const listed = parts.map(({ PartNumber, ETag }) => `<Part><PartNumber>${PartNumber}</PartNumber><ETag>${ETag}</ETag></Part>`);
        const xml = await this.#ask("POST", key, { uploadId }, `<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`);
        return { location: text(xml, "Location") };
      }
      case "/multipart/abort":
        await this.#ask("DELETE", key, { uploadId });
        return {};
      default:
        throw new Error(`nothing is signed at ${pathname}`);
    }
  }

  /** A request of this server's own to the store. */
  async #ask(method, key, query, body) {
    const answer = await fetch(this.#work.presigner.url(this.#work.store, method, key, query), { method, body });
    const said = await answer.text();
    if (!answer.ok) throw new Error(`the store answered ${answer.status} to ${method} ${key}: ${said}`);
    return said;
  }
}
