/** What stands around the five systems' clients: their files, and their own server side. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";

import { fixture, sha256OfUrl } from "../e2e/harness/bytes.mjs";

/** A photo and a PDF, by its head and end, as large as an architect's. */
export async function files() {
  const bytes = Buffer.alloc(15 * 1024 * 1024, "drawing ");
  bytes.write("%PDF-1.7\n", 0, "latin1");
  bytes.write("\n%%EOF\n", bytes.length - 7, "latin1");
  return {
    photo: new File([await readFile(fixture("photo_2mp_o1.jpg"))], "roof damage.jpg", { type: "image/jpeg" }),
    plan: new File([bytes], "plan.pdf", { type: "application/pdf" }),
  };
}

/** Works on a project's photos as the systems' pipelines do, and looks at what was stored from outside. */
export class Office {
  #call;
  #files;
  /** How many stored files were compared. */
  seen = 0;

  constructor(service, project, files) {
    const token = service.token({ project, scope: "upload read pipeline" });
    this.#call = (path, body) => service.api(path, { method: "PATCH", body, token });
    this.#files = files;
  }

  async process(id, tags) {
    if (tags) assert.equal((await this.#call(`/photos/${id}`, { tags })).status, 200);
    for (const status of ["processing", "completed"]) {
      assert.equal((await this.#call(`/photos/${id}/status`, { status })).status, 200);
    }
  }

  /** What is at these addresses is one of the files, byte for byte. */
  async compare(urls) {
    const sums = this.#files.map(async (file) => createHash("sha256").update(Buffer.from(await file.arrayBuffer())).digest("hex"));
    const known = new Set(await Promise.all(sums));
    for (const url of urls) assert.ok(known.has(await sha256OfUrl(url)), `other bytes at ${url.split("?")[0]}`);
    this.seen += urls.length;
  }
}
