/** Unmodified `@uppy/aws-s3`, 5 and 6, through Companion's contract: the files become photos, byte for byte. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { fixture, makeVideo, scratchFolder, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { eventually, launch, listen } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { openUppy, sendByUppy, servePage } from "../harness/uppy.mjs";
import { picturesShown } from "../harness/uploader.mjs";

const MIB = 1 << 20;
let service;
let browser;
let film;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  film = await makeVideo(join(scratchFolder(), "site walk.mp4"), 12 * MIB + 4096);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

for (const version of ["uppy-5", "uppy-6"]) {
  describe(version, () => {
    let site;
    before(async () => (site = await servePage(version)));
    after(() => site?.stop());

    const open = (wanted) => openUppy(browser, site, service, wanted);

    /** The project's photos, once so many are there: of forms nobody tells the service. */
    async function stored(project, paths) {
      const photos = await eventually(
        "the photos are shown",
        () => service.photos(project),
        (photos) => photos.length === paths.length,
      );
      const sums = await Promise.all(photos.map(({ url }) => sha256OfUrl(url)));
      assert.deepEqual(sums.toSorted(), (await Promise.all(paths.map(sha256OfFile))).toSorted());
      return photos;
    }

    test("photos sent in forms are stored intact and shown with what the camera knew", async () => {
      const project = `${version}-forms`;
      const paths = [fixture("photo_12mp_o6.jpg"), fixture("photo_2mp_o1.jpg")];
      const page = await open({ project, multipart: false });
      for (const { error, uploadURL, key } of await sendByUppy(page, paths)) {
        assert.equal(error, undefined);
        assert.ok(uploadURL.startsWith(service.storeAddress) && uploadURL.endsWith(key), uploadURL);
      }
      const photos = await stored(project, paths);
      assert.ok(photos.every(({ metadata }) => metadata.make !== null));
      const forms = page.addresses.filter((address) => address.startsWith(`POST ${service.storeAddress}`));
      assert.equal(forms.length, paths.length, "the bytes went to the store");
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });

    test("a film sent in parts is a photo when Uppy says so, in the project its meta names", async () => {
      const project = `${version}-parts`;
      const token = service.token({ project: "*" });
      const page = await open({ token, multipart: true, meta: { project_id: project } });
      const [{ error }] = await sendByUppy(page, [film]);
      assert.equal(error, undefined);
      const [{ size, kind }] = await stored(project, [film]);
      assert.deepEqual([size, kind], [12 * MIB + 4096, "video"]);
      const parts = page.addresses.filter((address) => address.startsWith(`PUT ${service.storeAddress}`));
      assert.equal(parts.length, 3);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    });

    test("what may not be sent is refused before a byte leaves", async () => {
      const page = await open({ project: `${version}-refused`, multipart: false });
      const [{ error }] = await sendByUppy(page, [{ name: "page.html", mimeType: "text/html", buffer: Buffer.alloc(4096) }]);
      // Version 6 has no words for it but the status line's.
      assert.match(error, version === "uppy-5" ? /page\.html: files of type "text\/html" are not accepted here/ : /failed/);
      const elsewhere = await open({ token: service.token({ project: "a" }), multipart: true, meta: { project_id: "b" } });
      const [refused] = await sendByUppy(elsewhere, [film]);
      assert.ok(refused.error);
      for (const { addresses } of [page, elsewhere]) {
        assert.ok(!addresses.some((address) => address.includes(service.storeAddress)), addresses.join("\n"));
      }
      await page.context().close();
      await elsewhere.context().close();
    });
  });
}

test("in the example, a photo chosen in Uppy's dashboard is shown in the gallery beside it", async () => {
  const example = fileURLToPath(new URL("../../../examples/uppy/", import.meta.url));
  process.env.WINDLASS_SERVICE = service.address;
  const { preview } = await import(pathToFileURL(`${example}node_modules/vite/dist/node/index.js`).href);
  const server = await preview({ root: example, logLevel: "error", preview: { port: 0, host: "127.0.0.1" } });
  const page = listen(await (await browser.newContext()).newPage());
  try {
    await page.goto(`${server.resolvedUrls.local[0]}#example`);
    await page.locator("#uppy input[type=file]").first().setInputFiles([fixture("photo_2mp_o1.jpg"), fixture("photo_12mp_o6.jpg")]);
    await page.locator(".uppy-StatusBar-actionBtn--upload").click();
    await picturesShown(page, 2);
    const photos = await service.photos("example");
    assert.deepEqual(photos.map(({ filename }) => filename).sort(), ["photo_12mp_o6.jpg", "photo_2mp_o1.jpg"]);
    assert.deepEqual(page.complaints, []);
  } finally {
    await page.context().close();
    await server.close();
  }
});
