/** Photos over which earlier pages have ended, with workers that a test answers for. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Windlass } from "../src/client.js";
import { fakePage, worker } from "./fake-page.js";
import { settle } from "./fake-worker.js";
import { keptRecord } from "./kept-record.js";

fakePage();
let client: Windlass;

beforeEach(() => {
  client = new Windlass({ endpoint: "https://photos.example.com", project: "job-7", token: () => "jwt", imageWorkers: 1 });
});
afterEach(() => client.close());

/** What the keeping worker was told to count. */
const counted = (): (number | undefined)[] => {
  const received = (worker("windlass-keep")?.received ?? []) as { kind: string; interrupted?: number }[];
  return received.flatMap(({ kind, interrupted }) => (kind === "at-work" ? [interrupted] : []));
};

test("a page is counted once, and with those before it, also where a worker has to ask for a module first", async () => {
  // So that there is a keeping worker.
  client.add(new File(["bytes"], "plan.pdf", { type: "application/pdf", lastModified: 1 }));
  await settle();
  const type = "image/heic";
  const file = new File(["bytes"], "roof.heic", { type });
  const upload = keptRecord("roof", file, { filename: "roof.heic", content_type: type });
  const uploads = [{ upload, file, variants: [], onWifi: false, interrupted: 1 }];
  worker("windlass-keep")?.say({ kind: "restored", uploads, missing: [], unreadable: [], elsewhere: 0, isWhole: true });
  const metadata = { content_type: type, width: 8000, height: 6000, warnings: [] };
  for (const reply of [{ task: "read", metadata }, { task: "needs-module", module: "heic" }]) {
    await settle();
    worker("windlass-image")?.say({ kind: "done", reply });
  }
  await settle();
  assert.deepEqual(counted(), [2, 0, 2]);
  client.close();
  assert.deepEqual(counted(), [2, 0, 2, 0], "it ended by itself");
});

test("a client that is closed while it tells what an earlier page has left goes on with no more of it", async () => {
  const type = "application/pdf";
  client.add(new File(["bytes"], "plan.pdf", { type, lastModified: 1 }));
  await settle();
  const added: string[] = [];
  client.addEventListener("added", ({ upload }) => {
    added.push(upload.clientRef);
    client.close();
  });
  const prepared = { content_type: type, metadata: null, warnings: [], variants: [] };
  const uploads = ["roof", "door"].map((name) => {
    const file = new File([name], `${name}.pdf`, { type });
    return { upload: keptRecord(name, file, { filename: file.name, prepared }), file, variants: [], onWifi: false, interrupted: 0 };
  });
  worker("windlass-keep")?.say({ kind: "restored", uploads, missing: [], unreadable: [], elsewhere: 0, isWhole: true });
  await settle();
  assert.deepEqual(added, ["roof"]);
  assert.deepEqual(client.uploads.filter(({ ended }) => !ended), []);
});
