/** What `<windlass-uploader>` lists of the clients that it has, one after the other. */
import assert from "node:assert/strict";
import { after, test } from "node:test";

import type { Windlass } from "../src/client.js";
import { ClientWatch } from "../src/elements/client-watch.js";
import { UploadList } from "../src/elements/upload-list.js";
import type { UploadRow } from "../src/elements/upload-row.js";
import { closedError, WindlassError } from "../src/errors.js";
import { UploadAddedEvent, UploadErrorEvent, UploadPhotoEvent, UploadStateEvent } from "../src/events.js";
import { Upload, type UploadOrigin } from "../src/upload.js";

const global = globalThis as unknown as Record<string, unknown>;
const before = global["document"];
const node = () => ({ setAttribute: () => {}, append: () => {}, remove: () => {}, replaceWith: () => {}, matches: () => false });
global["document"] = { createElement: node };
after(() => {
  global["document"] = before;
});

const commands = { pause: () => {}, resume: () => {}, cancel: () => {}, retry: (upload: Upload) => upload };

/** A client as far as lists go. */
class FakeClient extends EventTarget {
  readonly endpoint = "https://photos.example.com";
  uploads: Upload[] = [];
  elsewhere: Upload[] = [];

  constructor(readonly project = "job-1") {
    super();
  }

  sends(ref: string): Upload {
    const upload = new Upload(commands, ref, new File([ref], `${ref}.jpg`), `${ref}.jpg`);
    this.uploads.push(upload);
    return upload;
  }

  /** It heard of an upload: of another client of this page, or of another tab. */
  hears(ref: string, origin: UploadOrigin): Upload {
    const upload = new Upload(commands, ref, new File([], `${ref}.jpg`), `${ref}.jpg`, { origin, size: ref.length });
    this.elsewhere.push(upload);
    this.dispatchEvent(new UploadAddedEvent(upload));
    return upload;
  }

  stores(upload: Upload): void {
    upload.succeed({} as never);
    this.dispatchEvent(new UploadStateEvent(upload, "stored"));
    this.dispatchEvent(new UploadPhotoEvent(upload, {} as never));
  }

  fails(upload: Upload, error = new WindlassError("unauthorized", "Nobody is signed in.")): void {
    upload.fail(error);
    this.dispatchEvent(new UploadStateEvent(upload, upload.state));
    if (upload.state === "failed") {
      this.dispatchEvent(new UploadErrorEvent(upload, error));
    }
  }
}

function uploader() {
  const told: string[] = [];
  const list = new UploadList(() => ({ node: node(), update: () => {} }) as unknown as UploadRow);
  const watch = new ClientWatch(list, {
    changed: () => {},
    moved: () => {},
    cancelled: (upload) => list.forget(upload),
    stored: ({ clientRef }) => told.push(`${clientRef} stored`),
    failed: ({ clientRef }) => told.push(`${clientRef} failed`),
    notKept: () => {},
    kept: () => {},
  });
  const use = (client: FakeClient | null): void => watch.use(client as unknown as Windlass | null);
  return { list, watch, use, told };
}

test("what a client is sending when it comes is listed, and what it shows of other tabs; what has ended is not", () => {
  const { list, use } = uploader();
  const client = new FakeClient();
  const [roof, door] = [client.sends("roof"), client.sends("door")];
  client.stores(door);
  const gate = client.hears("gate", "elsewhere");
  use(client);
  assert.deepEqual(list.uploads, [roof, gate]);
});

test("what a client before sends has one line, and is told of once, however many clients show it", () => {
  const { list, use, told } = uploader();
  const [first, second, third] = [new FakeClient(), new FakeClient(), new FakeClient()];
  const roof = first.sends("roof");
  use(first);
  use(second);
  const echo = second.hears("roof", "here");
  use(third);
  const other = third.hears("roof", "here");
  assert.deepEqual(list.uploads, [roof]);
  first.stores(roof);
  second.stores(echo);
  third.stores(other);
  assert.deepEqual(list.uploads, [roof]);
  assert.deepEqual(told, ["roof stored"]);
});

test("what another tab sends is shown by the client at hand alone", () => {
  const { list, use } = uploader();
  const [first, second] = [new FakeClient(), new FakeClient()];
  const roof = first.sends("roof");
  use(first);
  first.hears("gate", "elsewhere");
  use(second);
  assert.deepEqual(list.uploads, [roof]);
  const gate = second.hears("gate", "elsewhere");
  first.hears("shed", "elsewhere");
  assert.deepEqual(list.uploads, [roof, gate]);
});

test("what goes on with another client takes the line of what failed, not another one", () => {
  const { list, use } = uploader();
  const [first, second] = [new FakeClient(), new FakeClient()];
  const [roof, door] = [first.sends("roof"), first.sends("door")];
  use(first);
  first.fails(roof);
  first.stores(door);
  use(second);
  // Told before it ended, and heard after.
  second.hears("roof", "here");
  second.hears("door", "here");
  assert.deepEqual(list.uploads, [roof, door]);
  const taken = second.hears("roof", "elsewhere");
  assert.deepEqual(list.uploads, [door, taken]);
  second.fails(taken);
  const again = second.sends("roof");
  second.dispatchEvent(new UploadAddedEvent(again));
  assert.deepEqual(list.uploads, [door, again]);
});

test("the same name in the queue of another project is another file", () => {
  const { list, use } = uploader();
  const [first, second] = [new FakeClient("job-1"), new FakeClient("job-2")];
  const uploads = [first.sends("front"), second.sends("front")];
  use(first);
  use(second);
  assert.deepEqual(list.uploads, uploads);
});

test("what goes on when its client is closed under way stays listed", () => {
  const { list, use } = uploader();
  const [first, second] = [new FakeClient(), new FakeClient()];
  const roof = first.sends("roof");
  use(first);
  use(second);
  const taken = second.hears("roof", "here");
  first.fails(roof, closedError());
  assert.deepEqual(list.uploads, [taken]);
});

test("a client before is heard to the end of what it sends, and no longer", () => {
  const { list, watch, use, told } = uploader();
  const client = new FakeClient();
  const roof = client.sends("roof");
  use(client);
  use(null);
  watch.letGo();
  client.stores(roof);
  assert.deepEqual(told, ["roof stored"]);
  watch.letGo();
  list.add(client.sends("door"), client as unknown as Windlass);
  client.uploads.forEach((upload) => client.stores(upload));
  assert.deepEqual(told, ["roof stored"]);
});
