/** Presigned URLs for the embedded store, by Signature Version 4 in the query, as an integrator's server makes them. */

import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const REGION = "us-east-1";
const LIFETIME_S = 900;

/** RFC 3986, as SigV4 wants it. */
const encode = (value) =>
  encodeURIComponent(value).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
const hmac = (key, value) => createHmac("sha256", key).update(value).digest();
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

export class Presigner {
  #keyId;
  #secret;
  #bucket;

  /** The keys of that service's embedded store. */
  constructor(service, bucket = "windlass") {
    const secret = (name) => readFileSync(join(service.dataDir, "secrets", name), "utf8").trim();
    this.#keyId = secret("store-access-key-id");
    this.#secret = secret("store-secret-access-key");
    this.#bucket = bucket;
  }

  /** `address` is where the store is reached: its host is signed. Without a key, of the bucket. */
  url(address, method, key, query = {}) {
    const { host } = new URL(address);
    const path = ["", this.#bucket, ...(key ? key.split("/") : [])].map(encode).join("/");
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const day = date.slice(0, 8);
    const scope = `${day}/${REGION}/s3/aws4_request`;
    const parameters = {
      ...query,
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": `${this.#keyId}/${scope}`,
      "X-Amz-Date": date,
      "X-Amz-Expires": String(LIFETIME_S),
      "X-Amz-SignedHeaders": "host",
    };
    const canonicalQuery = Object.entries(parameters)
      .map(([name, value]) => `${encode(name)}=${encode(value)}`)
      .sort()
      .join("&");
    const canonical = [method, path, canonicalQuery, `host:${host}`, "", "host", "UNSIGNED-PAYLOAD"].join("\n");
    const toSign = ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n");
    const key4 = [day, REGION, "s3", "aws4_request"].reduce(hmac, `AWS4${this.#secret}`);
    return `${new URL(address).origin}${path}?${canonicalQuery}&X-Amz-Signature=${hmac(key4, toSign).toString("hex")}`;
  }
}
