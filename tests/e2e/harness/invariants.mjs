/**
 * I1, I2, I4 and I5 of the fault list (tests/FAULTS.md), from outside: by the service's records and events, by the
 * bucket past the service, and by what somebody between them has seen pass.
 */

import assert from "node:assert/strict";

import { eventually } from "./eventually.mjs";

/** The janitor, who puts away what nobody owns, comes soon. */
const JANITOR_MS = 30_000;
/** Of an upload, in a key. */
export const UPLOAD_ID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/**
 * I1, I5: each of `files`, from names to SHA-256, is a photo once, byte for byte, and each photo was told to be there
 * once; the project's photos and its objects, for whoever wants to know more.
 */
export async function areStored({ service, bucket }, project, files) {
  const photos = await service.photos(project);
  const events = await service.events(project);
  const told = (what) => events.filter(({ name }) => name === what).map(({ data }) => data.photo_id);
  const ever = [...photos.map(({ photo_id: id }) => id), ...told("photo.deleted")];
  assert.deepEqual(told("photo.created").sort(), ever.sort(), "told once that it is there");
  const ofProject = async () => (await bucket.objects()).filter(({ key }) => key.includes(`/${project}/`));
  for (const [name, sum] of files) {
    const found = photos.filter(({ filename }) => filename === name);
    assert.equal(found.length, 1, `${name} is there ${found.length} times`);
    const [{ photo_id: id, variants }] = found;
    // The pieces it was put together of go once it is a photo, not before.
    const own = await eventually(
      `${name} has an object for each picture and no other`,
      async () => (await ofProject()).filter(({ key }) => key.includes(id)),
      ({ length }) => length === 1 + Object.keys(variants).length,
      JANITOR_MS,
    );
    const original = own.find(({ key }) => key.includes("/original"));
    assert.equal(await bucket.sha256(original.key), sum, `the bytes of ${name}`);
  }
  return { photos, objects: await ofProject() };
}

/**
 * I2: what lies in the bucket is a photo's, or is gone soon; or is of an upload that is under way by the record, where
 * other files than those that have ended `mayBeUnderWay`. Then an object may also be of one that was cancelled: what was
 * on its way to the store arrives after the clean-up, and the janitor comes again when no URL of it works any more.
 */
export async function nothingLiesAbout({ service, bucket }, project, { mayBeUnderWay = false } = {}) {
  const isOwned = async (key, photos, ...states) => {
    if (photos.some(({ photo_id: id }) => key.includes(id))) return true;
    const [id] = UPLOAD_ID.exec(key) ?? [];
    if (id === undefined || !mayBeUnderWay) return false;
    const { json } = await service.api(`/uploads/${id}`, { token: service.token({ project }) });
    return ["pending_upload", ...states].includes(json.status);
  };
  await eventually(
    "nothing lies about in the bucket",
    async () => {
      const photos = await service.photos(project);
      const lying = [];
      for (const { key } of await bucket.objects()) {
        if (key.includes(`/${project}/`) && !(await isOwned(key, photos, "aborted"))) lying.push(key);
      }
      for (const key of await bucket.openUploads()) {
        // Of a photo that is stored nothing is to be joined any more.
        if (key.includes(`/${project}/`) && !(await isOwned(key, []))) lying.push(`${key}, begun and never joined`);
      }
      return lying;
    },
    ({ length }) => length === 0,
    JANITOR_MS,
  );
}

/**
 * I4: what the store had acknowledged was not sent again. Of each PUT: `target`, which is path, part and upload; when
 * it was `begun`, and when whoever sent it was told that it is stored: `told`, `null` where it never was. `late` allows
 * what was begun anew before that, as by a tab whose predecessor went while a part was on its way.
 */
export function nothingIsSentAgain(puts, { late = false } = {}) {
  const settled = new Map();
  for (const { target, begun, told } of puts) {
    if (told !== null) settled.set(target, Math.min(late ? told : begun, settled.get(target) ?? Infinity));
  }
  for (const { target, begun } of puts) {
    const since = settled.get(target) ?? Infinity;
    assert.ok(begun <= since, `sent again at ${begun} though it was stored, ${since}: ${target}`);
  }
}

/** Path, part and upload of a PUT: what is sent twice where it is sent again. */
export function targetOf(path, query) {
  return [path, /partNumber=\d+/.exec(query)?.[0], /uploadId=[^&]+/.exec(query)?.[0]].filter(Boolean).join(" ");
}
