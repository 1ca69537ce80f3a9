// The peer: Uppy Companion in an Express app of its own, as its documentation mounts it, for `/s3/params` alone.
// It asks nobody for a token, counts nothing and stores nothing: that is what the route does.
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as companion from "@uppy/companion";
import express from "express";

const port = Number(process.env.BENCH_PORT);
const { app } = companion.app({
  s3: {
    key: "bench",
    secret: "bench-secret",
    bucket: "photos",
    region: "us-east-1",
    getKey: ({ filename }) => `bench/${crypto.randomUUID()}/${filename}`,
  },
  server: { host: `127.0.0.1:${port}`, protocol: "http" },
  filePath: mkdtempSync(join(tmpdir(), "companion-bench-")),
  uploadUrls: ["https://photos.s3.us-east-1.amazonaws.com"],
  secret: "a secret that is long enough for the bench",
  corsOrigins: true,
  enableUrlEndpoint: false,
});

express()
  .get("/healthz", (_, answer) => answer.json({ status: "ok" }))
  .use(app)
  .listen(port, "127.0.0.1");
