/**
 * Unmodified `@uppy/aws-s3`, 5 and 6, when not all goes well: parts that fail, pauses, files that are given up, and
 * more files than are allowed in a minute. (Neither version asks for several URLs at once: `batch` is tested without
 * them, `companion.rs`.)
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { eventually, launch } from "../harness/browser.mjs";
import { Bucket } from "../harness/bucket.mjs";
import { fixture, makeVideo, scratchFolder, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { Service } from "../harness/service.mjs";
import { endsOf, openUppy, sendByUppy, servePage } from "../harness/uppy.mjs";

const MIB = 1 << 20;
let service;
let browser;
let film;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  // Three parts, of which the second has trouble.
  film = await makeVideo(join(scratchFolder(), "site walk.mp4"), 12 * MIB + 4096);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

/** Answers the PUTs of part 2 by `answer`, which has the route and how many there were before. */
async function troublePartTwo(page, answer) {
  let tries = 0;
  const isPartTwo = (url) => url.href.startsWith(service.storeAddress) && url.searchParams.get("partNumber") === "2";
  await page.route(isPartTwo, (route) => {
    if (route.request().method() !== "PUT") return route.fallback();
    return answer(route, tries++);
  });
  return { tries: () => tries, over: () => page.unroute(isPartTwo) };
}

/** The store refuses, so that the page may read it. */
const refuse = (route, status) => route.fulfill({ status, headers: { "access-control-allow-origin": "*" } });

const putsOf = (page, part) =>
  page.addresses.filter((address) => address.startsWith("PUT") && address.includes(`partNumber=${part}&`)).length;

/** The ids of the uploads a page has asked about, in order. */
function uploadsOf(page) {
  const ids = page.addresses.map((address) => /\/s3\/multipart\/([0-9a-f-]{36})/.exec(address)?.[1]);
  return [...new Set(ids.filter((id) => id !== undefined))];
}

const asked = (page, method, pattern) =>
  page.addresses.filter((address) => address.startsWith(`${method} `) && pattern.test(address)).length;
const LIST = /\/s3\/multipart\/[0-9a-f-]{36}\?/;

for (const version of ["uppy-5", "uppy-6"]) {
  describe(version, () => {
    let site;
    before(async () => (site = await servePage(version)));
    after(() => site?.stop());

    const statusOf = async (id, project) =>
      (await service.api(`/uploads/${id}`, { token: service.token({ project }) })).json.status;

    async function storedOnce(project) {
      const [photo, ...others] = await service.photos(project);
      assert.deepEqual(others, []);
      assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(film));
    }

    /** Chooses the film and waits until part 2 hangs and all that goes beside it is stored. */
    async function sendUntilPartTwoHangs(page) {
      const held = [];
      const trouble = await troublePartTwo(page, (route) => void held.push(route));
      await page.locator("#files").setInputFiles([film]);
      // Version 5 sends the parts beside each other, version 6 one after the other.
      const beside = version === "uppy-5" ? [1, 3] : [1];
      const stored = async () => ({ held: held.length, parts: await page.evaluate(() => window.parts.toSorted()) });
      const waits = ({ held, parts }) => held === 1 && beside.every((part) => parts.includes(part));
      await eventually("part 2 hangs and the others are there", stored, waits);
      return { over: trouble.over, parts: beside };
    }

    test("a part that the store does not take at first is sent again", async () => {
      const project = `${version}-part-again`;
      const page = await openUppy(browser, site, service, { project, multipart: true });
      const trouble = await troublePartTwo(page, (route, before) => (before === 0 ? refuse(route, 503) : route.continue()));
      const [{ error }] = await sendByUppy(page, [film]);
      assert.equal(error, undefined);
      assert.deepEqual([putsOf(page, 1), trouble.tries(), putsOf(page, 3)], [1, 2, 1]);
      await storedOnce(project);
      await page.context().close();
    });

    test("a file that failed over a part is one photo when it is tried again", async () => {
      const project = `${version}-file-again`;
      const page = await openUppy(browser, site, service, { project, multipart: true });
      const trouble = await troublePartTwo(page, (route) => refuse(route, 403));
      const [{ error }] = await sendByUppy(page, [film]);
      assert.ok(error, "it says that it failed");
      assert.deepEqual(await service.photos(project), []);
      const [first] = uploadsOf(page);
      if (version === "uppy-5") {
        await eventually("the first try is given up", () => statusOf(first, project), (status) => status === "aborted");
      }
      await trouble.over();
      await page.evaluate(() => void window.uppy.retryAll());
      const [, { error: again }] = await endsOf(page, 2);
      assert.equal(again, undefined);
      await storedOnce(project);
      if (version === "uppy-6") {
        assert.deepEqual(uploadsOf(page), [first], "it goes on with the same upload");
        assert.equal(asked(page, "GET", LIST), 1, "it asks what is there");
        assert.equal(putsOf(page, 1), 1, "what is there is not sent again");
      }
      await page.context().close();
    });

    test("paused and resumed, it asks what is there and sends only what is missing", async () => {
      const project = `${version}-paused`;
      const page = await openUppy(browser, site, service, { project, multipart: true });
      const hanging = await sendUntilPartTwoHangs(page);
      await page.evaluate(() => window.uppy.pauseAll());
      await hanging.over();
      await page.evaluate(() => window.uppy.resumeAll());
      const [{ error }] = await endsOf(page, 1);
      assert.equal(error, undefined);
      assert.equal(asked(page, "GET", LIST), 1);
      assert.deepEqual(hanging.parts.map((part) => putsOf(page, part)), hanging.parts.map(() => 1));
      assert.equal(putsOf(page, 2), 2);
      await storedOnce(project);
      await page.context().close();
    });

    test("what is cancelled is given up, and its parts with it", async () => {
      const project = `${version}-cancelled`;
      const page = await openUppy(browser, site, service, { project, multipart: true });
      await sendUntilPartTwoHangs(page);
      const [id] = uploadsOf(page);
      assert.equal(await statusOf(id, project), "pending_upload");
      const bucket = new Bucket(service);
      const open = async () => (await bucket.openUploads()).filter((key) => key.includes(`/${project}/`));
      assert.equal((await open()).length, 1);
      await page.evaluate(() => window.uppy.cancelAll());
      await eventually("it is given up", () => statusOf(id, project), (status) => status === "aborted");
      assert.equal(asked(page, "DELETE", LIST), 1);
      await eventually("the bucket has none of it", open, (keys) => keys.length === 0);
      assert.deepEqual(await service.photos(project), []);
      await page.context().close();
    });

    for (const [way, multipart, path] of [
      ["in a form", false, () => fixture("photo_2mp_o1.jpg")],
      ["in parts", true, () => film],
    ]) {
      test(`over the limit a file ${way} fails before a byte leaves, and is stored when it is tried again in time`, async () => {
        const limited = await Service.start({ env: { WINDLASS_RATE_PER_SUBJECT: "2" } });
        try {
          const project = "limited";
          const announce = (n) => ({ client_ref: `${n}`, filename: "a.jpg", content_type: "image/jpeg", size: 4096 });
          for (let n = 0, status; status !== 429 && n < 10; n += 1) {
            const body = { project_id: project, files: [announce(n)] };
            ({ status } = await limited.api("/uploads", { method: "POST", body, token: limited.token({ project }) }));
          }
          const page = await openUppy(browser, site, limited, { project, multipart });
          const [{ error }] = await sendByUppy(page, [path()]);
          // Version 5 shows our sentence; version 6 has no words but the status line's.
          assert.match(error, version === "uppy-5" ? /So many files are not signed at once; try again in \d+ seconds/ : /Too Many Requests/);
          assert.ok(!page.addresses.some((address) => address.includes(limited.storeAddress)), page.addresses.join("\n"));
          // A minute later, without the minute: an instance without a shared database for them begins with full buckets.
          await limited.pause();
          await limited.resume();
          await page.evaluate(() => void window.uppy.retryAll());
          const [, { error: again }] = await endsOf(page, 2);
          assert.equal(again, undefined);
          const [photo] = await eventually("it is a photo", () => limited.photos(project), (photos) => photos.length === 1);
          assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(path()));
          await page.context().close();
        } finally {
          await limited.stop();
        }
      });
    }
  });
}
