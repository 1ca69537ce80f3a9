/** What every test of a queue that outlives its page starts from: a service behind a gate, and profiles. */

import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { after, afterEach, before, beforeEach } from "node:test";

import { eventually } from "./browser.mjs";
import { Bucket } from "./bucket.mjs";
import { fixture, scratchFolder, sha256OfFile, variation } from "./bytes.mjs";
import { problem } from "./fault-proxy.mjs";
import { Gate } from "./gate.mjs";
import { areStored, nothingIsSentAgain, nothingLiesAbout } from "./invariants.mjs";
import { keptFiles } from "./kept.mjs";
import { Profile } from "./profile.mjs";
import { Service } from "./service.mjs";

export const MIB = 1024 * 1024;
/** Of a multipart upload this small, in bytes. */
export const PART = 5 * MIB;
export const VARIANTS = ["thumb_200", "web_1920"];

/** Declares the hooks; its members are there once a test runs. */
export function keptQueue() {
  const world = { folder: scratchFolder() };
  before(async () => {
    world.gate = await Gate.open();
    world.service = await Service.start({ env: { WINDLASS_STORE_PUBLIC_URL: world.gate.address } });
    world.gate.leadTo(world.service.storePort);
    world.bucket = new Bucket(world.service);
  });
  after(async () => {
    await world.service?.stop();
    world.gate?.close();
  });
  beforeEach(async () => {
    world.gate.bytesPerSecond = Infinity;
    world.gate.isCut = false;
    world.gate.forget();
    world.profile = await Profile.make();
  });
  afterEach(() => world.profile.close());

  /** Photos of 12 megapixels that differ from each other. */
  world.photos = (count, prefix) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        variation(fixture("photo_12mp_o6.jpg"), join(world.folder, `${prefix} ${index + 1}.jpg`), `${prefix} ${index}`),
      ),
    );

  /** Each is there once, byte for byte, with its smaller pictures; and the invariants, from outside. */
  world.assertStored = async (files, variants) => {
    const photos = await keptInvariants(world, files);
    for (const file of files) {
      const stored = photos.find(({ filename }) => filename === basename(file));
      assert.deepEqual(Object.keys(stored.variants).sort(), variants);
    }
  };
  return world;
}

/** I1, I2, I4 and I5 of a queue behind a gate, in the project of the demo page; its photos. */
export async function keptInvariants({ service, bucket, gate }, files) {
  const sums = await Promise.all(files.map(async (file) => [basename(file), await sha256OfFile(file)]));
  const { photos } = await areStored({ service, bucket }, "demo", new Map(sums));
  await nothingLiesAbout({ service, bucket }, "demo", { mayBeUnderWay: true });
  nothingIsSentAgain(gate.journal, { late: true });
  return photos;
}

/** What had been sent `before` is of photos that there are: none of it was left behind by an upload begun anew. */
export async function nothingIsBegunAnew(service, before) {
  const ids = (await service.photos()).map(({ photo_id: id }) => id);
  for (const put of before) assert.ok(ids.some((id) => put.includes(id)), `begun anew: ${put}`);
}

/** Waits until so many files are kept whole. */
export const areKept = (page, count) => eventually(`${count} are kept`, () => keptFiles(page), ({ whole }) => whole === count);

/** Waits until nothing is kept. */
export const nothingIsKept = (page) =>
  eventually("nothing is kept", () => keptFiles(page), ({ rows, folders }) => rows === 0 && folders === 0);

/** The service refuses whatever this page's profile announces, until the function that this answers is called. */
export async function refuseAnnouncements(page, code, detail) {
  const { status, headers, body } = problem(403, code, detail);
  const refuse = (route) => route.fulfill({ status, headers, body });
  await page.context().route("**/api/v1/uploads", refuse);
  return () => page.context().unroute("**/api/v1/uploads", refuse);
}
