import assert from "node:assert/strict";
import { test } from "node:test";

import type { AddOptions } from "../src/options.js";
import { sendAgain } from "../src/elements/send-again.js";
import { closedError, WindlassError } from "../src/errors.js";
import { Upload, type UploadCommands } from "../src/upload.js";

const nothing: Omit<UploadCommands, "retry"> = { pause: () => {}, resume: () => {}, cancel: () => {} };

/** A file that failed, of a client that answers so when it is to try again. */
function failed(retry: (upload: Upload) => Upload): Upload {
  const upload = new Upload({ ...nothing, retry }, "ref-1", new File(["roof"], "roof.jpg"), "roof.jpg");
  upload.fail(new WindlassError("unauthorized", "Nobody is signed in."));
  return upload;
}

const refuse = (): never => {
  throw closedError();
};

/** A client of one project, that remembers what it was given. */
function client(project: string) {
  const added: (AddOptions & { file: Blob })[] = [];
  const add = (file: Blob, options: AddOptions) => {
    added.push({ file, ...options });
    return new Upload({ ...nothing, retry: refuse }, options.clientRef ?? "", file, options.filename ?? "");
  };
  return { endpoint: "https://photos.example.com", project, add: add as import("../src/client.js").Windlass["add"], added };
}

test("a file is tried again by the client that had it, as long as that is open", () => {
  const [had, atHand] = [client("job-1"), client("job-1")];
  const again = new Upload({ ...nothing, retry: refuse }, "ref-1", new Blob(), "roof.jpg");
  assert.deepEqual(sendAgain(failed(() => again), had, () => atHand), { upload: again, client: had });
  assert.deepEqual(atHand.added, []);
});

test("where that is closed the client at hand sends it, under the name that it has in the queue", () => {
  const [had, atHand] = [client("job-1"), client("job-1")];
  const upload = failed(refuse);
  assert.equal(sendAgain(upload, had, () => atHand).client, atHand);
  assert.deepEqual(atHand.added, [{ file: upload.file, filename: "roof.jpg", clientRef: "ref-1", resumed: true, again: false }]);
});

test("what was stored before and is wanted again all the same is another upload", () => {
  const atHand = client("job-1");
  const upload = new Upload({ ...nothing, retry: refuse }, "ref-1", new File(["roof"], "roof.jpg"), "roof.jpg");
  upload.succeed({} as never, { alreadyStored: true });
  sendAgain(upload, client("job-1"), () => atHand);
  assert.equal(atHand.added[0]?.again, true);
  assert.notEqual(atHand.added[0]?.clientRef, "ref-1");
});

test("a file that was chosen for one project is not sent to another", () => {
  const atHand = client("job-2");
  assert.throws(() => sendAgain(failed(refuse), client("job-1"), () => atHand), /“roof\.jpg” was chosen for another project/);
  assert.deepEqual(atHand.added, []);
});

test("any other refusal is passed on", () => {
  const gone = (): never => {
    throw new WindlassError("file_gone", "Another tab has this file: try again there.");
  };
  const atHand = client("job-1");
  assert.throws(() => sendAgain(failed(gone), client("job-1"), () => atHand), { code: "file_gone" });
  assert.deepEqual(atHand.added, []);
});
