/** The bucket as its owner sees it: by S3's own API, past the service. */

import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const REGION = "us-east-1";

export class Bucket {
  /** The embedded store of a service, or one of its own: reached past any proxy. */
  constructor(service, store = embeddedIn(service)) {
    Object.assign(this, { address: store.address, bucket: store.bucket, keyId: store.keyId, key: store.key });
  }

  /** Keys and sizes of all objects. */
  async objects() {
    const objects = [];
    let token;
    do {
      const xml = await this.#list({ "list-type": "2", ...(token ? { "continuation-token": token } : {}) });
      for (const [, body] of xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)) {
        objects.push({ key: text(body, "Key"), sizeBytes: Number(text(body, "Size")) });
      }
      token = text(xml, "NextContinuationToken");
    } while (token);
    return objects;
  }

  /** Keys of the multipart uploads that were begun and not ended. */
  async openUploads() {
    const xml = await this.#list({ uploads: "" });
    return [...xml.matchAll(/<Upload>(.*?)<\/Upload>/gs)].map(([, body]) => text(body, "Key"));
  }

  async sha256(key) {
    const answer = await this.#ask("GET", this.#pathOf(key));
    const hash = createHash("sha256");
    for await (const chunk of answer.body) hash.update(chunk);
    return hash.digest("hex");
  }

  /** Puts an object there, or in the place of one, as only its owner can. */
  async put(key, body, contentType) {
    await this.#ask("PUT", this.#pathOf(key), { body, type: contentType });
  }

  async #list(query) {
    return (await this.#ask("GET", `/${this.bucket}`, { query })).text();
  }

  #pathOf(key) {
    return `/${this.bucket}/${key.split("/").map(encodeURIComponent).join("/")}`;
  }

  /** Signature Version 4 in the header. */
  async #ask(method, path, { query: parameters = {}, body, type } = {}) {
    const encode = (value) => encodeURIComponent(value).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
    const query = Object.entries(parameters)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join("&");
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const sum = createHash("sha256").update(body ?? "").digest("hex");
    const headers = {
      ...(type === undefined ? {} : { "content-type": type }),
      host: new URL(this.address).host,
      "x-amz-content-sha256": sum,
      "x-amz-date": date,
    };
    const names = Object.keys(headers).sort().join(";");
    const canonical = [method, path, query, ...Object.entries(headers).map(([name, value]) => `${name}:${value}`), "", names, sum];
    const scope = `${date.slice(0, 8)}/${REGION}/s3/aws4_request`;
    const toSign = ["AWS4-HMAC-SHA256", date, scope, createHash("sha256").update(canonical.join("\n")).digest("hex")].join("\n");
    const hmac = (key, value) => createHmac("sha256", key).update(value).digest();
    const key = [date.slice(0, 8), REGION, "s3", "aws4_request"].reduce(hmac, `AWS4${this.key}`);
    const signature = createHmac("sha256", key).update(toSign).digest("hex");
    const { host: _, ...sent } = headers;
    const answer = await fetch(`${this.address}${path}${query ? `?${query}` : ""}`, {
      method,
      body,
      headers: {
        ...sent,
        authorization: `AWS4-HMAC-SHA256 Credential=${this.keyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
      },
    });
    if (!answer.ok) throw new Error(`the store answered ${answer.status} to ${method} ${path}: ${await answer.text()}`);
    return answer;
  }
}

function embeddedIn(service) {
  const secret = (name) => readFileSync(join(service.dataDir, "secrets", name), "utf8").trim();
  return {
    address: service.storeAddress,
    bucket: "windlass",
    keyId: secret("store-access-key-id"),
    key: secret("store-secret-access-key"),
  };
}

function text(xml, name) {
  return new RegExp(`<${name}>(.*?)</${name}>`, "s").exec(xml)?.[1];
}
