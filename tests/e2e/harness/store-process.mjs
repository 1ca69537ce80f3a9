/** The embedded store as a process of its own (`tests/s3`, `store-process`), for a service that dies without it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const binary = process.env.WINDLASS_STORE_PROCESS;

export class StoreProcess {
  /** What it lets in: see `store_config` of `tests/s3`. */
  bucket = "windlass-suite";
  keyId = "AKIDWINDLASSSUITE";
  key = "a secret that only tests use";

  static async start() {
    if (!binary) {
      throw new Error("WINDLASS_STORE_PROCESS is not set: run these tests with `cargo xtask test faults`");
    }
    const store = new StoreProcess();
    store.folder = await mkdtemp(join(tmpdir(), "windlass-store-"));
    store.process = spawn(binary, [store.folder], { stdio: ["pipe", "pipe", "inherit"] });
    [store.address] = await once(createInterface({ input: store.process.stdout }), "line");
    return store;
  }

  /** What a service is told that is to use it at that address. */
  environment(address) {
    return {
      WINDLASS_S3_ENDPOINT: address,
      WINDLASS_S3_BUCKET: this.bucket,
      WINDLASS_S3_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: this.keyId,
      AWS_SECRET_ACCESS_KEY: this.key,
      // As with the store in the service itself.
      WINDLASS_ALLOW_VIDEO: "true",
    };
  }

  async stop() {
    const ended = once(this.process, "exit");
    this.process.stdin.end();
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }
}
