/** What is not a good photo: refused with a reason, or sent as it is and flagged; the others go on. */

import assert from "node:assert/strict";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, makeVideo, scratchFolder, sha256OfFile, sha256OfUrl, truncate } from "../harness/bytes.mjs";
import { choose, drop, eventually, launch, openPage } from "../harness/browser.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, rows } from "../harness/uploader.mjs";

let service;
let browser;
let page;
let folder;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  folder = scratchFolder();
  page = await openPage(browser, service.address);
});
after(async () => {
  await browser?.close();
  await service?.stop();
});

async function fileOf(name, content) {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

test("a type that is not accepted, an empty file and a page named .jpg fail alone, each with its reason", async () => {
  const good = join(folder, "good.jpg");
  await copyFile(fixture("photo_2mp_o1.jpg"), good);
  const program = await fileOf("setup.exe", Buffer.concat([Buffer.from("MZ"), Buffer.alloc(4096)]));
  const empty = await fileOf("empty.jpg", "");
  const page_ = await fileOf("roof page.jpg", `<!doctype html><title>x</title>${"<p>hello</p>".repeat(500)}`);
  // A file dialog offers pictures only; whoever sets the input hands over anything.
  await choose(page, good, program, empty, page_);
  await allRows(page, ["stored", "failed"]);

  const byName = Object.fromEntries((await rows(page)).map((each) => [each.name, each]));
  assert.equal(byName["good.jpg"].state, "stored");
  for (const name of ["setup.exe", "empty.jpg", "roof page.jpg"]) {
    assert.equal(byName[name]?.state, "failed", name);
    assert.ok(byName[name].words.length > 20, `${name}: ${byName[name].words}`);
    assert.doesNotMatch(byName[name].words, /undefined|null|\[object|Error:/, name);
    assert.ok(!byName[name].words.toLowerCase().startsWith(name), `the name stands above it: ${byName[name].words}`);
  }
  assert.deepEqual((await service.photos()).map(({ filename }) => filename), ["good.jpg"]);
});

test("a line that is taken off the list leaves the keyboard on the next one, and not at the top of the page", async () => {
  const focused = () =>
    page.locator("windlass-uploader").evaluate(({ shadowRoot }) => shadowRoot.activeElement?.closest("li")?.querySelector(".name")?.textContent ?? null);
  const remove = (name) => page.getByRole("button", { name: `Remove ${name} from the list` }).press("Enter");
  await remove("setup.exe");
  assert.equal(await focused(), "empty.jpg");
  await remove("roof page.jpg");
  assert.equal(await focused(), "empty.jpg", "where there is no next one, the one before");
});

test("a truncated JPEG is sent as it is and flagged, never re-encoded", async () => {
  const cut = await truncate(fixture("photo_12mp_o6.jpg"), join(folder, "cut.jpg"), 0.6);
  await choose(page, cut);
  await allRows(page, ["stored", "failed"]);
  const shown = (await rows(page)).find(({ name }) => name === "cut.jpg");
  assert.equal(shown.state, "stored");
  assert.match(shown.warning, /missing/);
  const photo = (await service.photos()).find(({ filename }) => filename === "cut.jpg");
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(cut));
  assert.deepEqual(photo.variants, {});
  assert.ok(photo.metadata.warnings.some(({ code }) => code === "incomplete"), JSON.stringify(photo.metadata.warnings));
  assert.equal(photo.metadata.make, "Windlass", "what the head of the file says is still known");
  const tile = page.locator("windlass-gallery").getByRole("button", { name: /^Open cut\.jpg/ });
  await eventually("the mark on it is said, too", () => tile.getAttribute("aria-label"), (label) =>
    label.endsWith(". The file is incomplete: part of the picture is missing."),
  );
});

test("T4 T40: hostile names stay names, on a page that requires Trusted Types", async () => {
  const policy = (await fetch(service.address)).headers.get("content-security-policy");
  // What does not keep to it is a complaint in the console, which the last test looks for.
  assert.match(policy, /require-trusted-types-for 'script'; trusted-types windlass$/);
  const names = [
    "<img src=x onerror=alert(1)>.jpg",
    "<svg onload=alert(2)>'\"`--><script>alert(3)</script>.jpg",
    "javascript:alert(4).jpg",
    "{{constructor.constructor('alert(5)')()}}.jpg",
    "__proto__.jpg",
    "\u202Egpj.exe.jpg",
    "a".repeat(200) + ".jpg",
    "Dach 🏠 überprüft.jpg",
    "..jpg",
  ];
  const dialogs = [];
  page.on("dialog", (dialog) => {
    dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  await page.evaluate(
    async ({ names: list, bytes }) => {
      const data = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
      const files = list.map((name, index) => new File([data, new Uint8Array(index + 1)], name, { type: "image/jpeg" }));
      document.querySelector("windlass-uploader").add(files);
    },
    { names, bytes: (await import("node:fs")).readFileSync(fixture("photo_2mp_o1.jpg")).toString("base64") },
  );
  await allRows(page, ["stored", "failed"], 120_000);
  const stored = await service.photos();
  assert.equal(stored.length, 2 + names.length);
  assert.deepEqual(dialogs, []);
  assert.equal(await page.locator("windlass-uploader li.row img[src=x], windlass-gallery img[src=x]").count(), 0);
  for (const photo of stored) {
    const path = decodeURIComponent(new URL(photo.url).pathname);
    assert.match(path, /^\/[a-z0-9-]+\/demo\/demo\/\d{4}\/\d\d\/\d\d\/[0-9a-f-]{36}\/original\.[a-z0-9]+$/, "keys are the server's");
  }
});

test("T7: a photo that is a page and an archive as well is opened as a photo, and its pictures carry nothing of it", async () => {
  const canary = "canary-in-a-polyglot";
  const hidden = Buffer.from(`<script>document.title = "ran"</script>PK\x03\x04${canary}`, "latin1");
  const polyglot = await fileOf("polyglot.jpg", Buffer.concat([await readFile(fixture("photo_12mp_o6.jpg")), hidden]));
  await choose(page, polyglot);
  await allRows(page, ["stored", "failed"]);
  const photo = (await service.photos()).find(({ filename }) => filename === "polyglot.jpg");
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(polyglot), "the original is what was chosen");
  assert.deepEqual(Object.keys(photo.variants).sort(), ["thumb_200", "web_1920"]);
  for (const { url } of Object.values(photo.variants)) {
    const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
    assert.ok(!bytes.includes(canary), "what was hidden is not in what was made from it");
    assert.equal(bytes.subarray(-2).toString("hex"), "ffd9", "nothing follows the picture");
  }
  const tab = await page.context().newPage();
  await tab.goto(photo.url);
  const opened = await tab.evaluate(() => ({ type: document.contentType, title: document.title, scripts: document.scripts.length }));
  assert.deepEqual([opened.type, opened.scripts], ["image/jpeg", 0]);
  assert.notEqual(opened.title, "ran");
  await tab.close();
});

test("also where nothing can be pressed in the lines beside it: the keyboard goes on to the nearest where something can", async () => {
  const other = await openPage(browser, service.address);
  const bad = await Promise.all(["first", "last"].map((name) => fileOf(`${name}.jpg`, "")));
  // Of what no camera made there are no details to open.
  const good = await Promise.all(["one", "two"].map((name, index) => makeVideo(join(folder, `${name}.mp4`), 20_000, 81 + index)));
  const focused = () =>
    other.locator("windlass-uploader").evaluate(({ shadowRoot }) => shadowRoot.activeElement?.closest("li")?.querySelector(".name")?.textContent ?? null);
  const remove = (name) => other.getByRole("button", { name: `Remove ${name} from the list` }).press("Enter");
  await choose(other, bad[0], ...good, bad[1]);
  await allRows(other, ["stored", "failed"]);
  assert.deepEqual((await rows(other)).map(({ name, state }) => `${name} ${state}`), ["first.jpg failed", "one.mp4 stored", "two.mp4 stored", "last.jpg failed"]);
  await remove("last.jpg");
  assert.equal(await focused(), "first.jpg");
  await choose(other, bad[1]);
  await allRows(other, ["stored", "failed"]);
  await remove("first.jpg");
  assert.equal(await focused(), "last.jpg");
  await other.context().close();
});

test("what cannot be read of a dropped folder is named, and the rest is sent", async () => {
  const other = await openPage(browser, service.address, {
    // As where a file is gone, or only in the cloud, when its turn comes.
    first: () => {
      const { webkitGetAsEntry } = DataTransferItem.prototype;
      const refuse = (_, reject) => reject(new DOMException("It is not there.", "NotFoundError"));
      DataTransferItem.prototype.webkitGetAsEntry = function () {
        const folder = webkitGetAsEntry.call(this);
        const reader = folder.createReader();
        const readEntries = (resolve, reject) =>
          reader.readEntries((portion) => {
            portion.filter(({ name }) => name === "in the cloud.jpg").forEach((entry) => Object.assign(entry, { file: refuse }));
            resolve(portion);
          }, reject);
        return Object.assign(folder, { createReader: () => ({ readEntries }) });
      };
    },
  });
  const site = join(folder, "site");
  await mkdir(join(site, "roof"), { recursive: true });
  for (const name of ["in the cloud.jpg", "north.jpg", "roof/south.jpg"]) {
    // Of bytes of their own: none was sent before.
    await writeFile(join(site, name), Buffer.concat([await readFile(fixture("photo_2mp_o1.jpg")), Buffer.from(name)]));
  }
  await other.evaluate(() => {
    window.told = [];
    document.addEventListener("windlass-error", ({ detail: { error, upload } }) => window.told.push([error.code, error.file, upload]));
  });
  await drop(other, site);
  await allRows(other, ["stored"]);
  assert.deepEqual((await rows(other)).map(({ name }) => name).sort(), ["north.jpg", "south.jpg"]);
  await eventually(
    "it is named",
    () => other.locator("windlass-uploader .notice:not([hidden])").innerText(),
    (words) => words.includes("“in the cloud.jpg” could not be read and is not sent."),
  );
  assert.deepEqual(await other.evaluate(() => window.told), [["file_gone", "in the cloud.jpg", null]]);
  assert.deepEqual(other.complaints, []);
  await other.context().close();
});

test("where one file at a time is taken, the rest of a drop is named", async () => {
  const other = await openPage(browser, service.address);
  await other.evaluate(() => (document.querySelector("windlass-uploader").multiple = false));
  const films = await Promise.all(["one", "two", "three"].map((name, index) => makeVideo(join(folder, `take ${name}.mp4`), 20_000, 91 + index)));
  await drop(other, ...films);
  const [sent] = await allRows(other, ["stored"]);
  const left = ["take one.mp4", "take two.mp4", "take three.mp4"].filter((name) => name !== sent.name);
  assert.equal(left.length, 2);
  assert.equal(
    await other.locator("windlass-uploader .notice:not([hidden]) p").innerText(),
    `2 files were left out, since one file at a time can be added here: ${left.join(", ")}.`,
  );
  assert.deepEqual(other.complaints, []);
  await other.context().close();
});

test("where photos are not accepted none is to be taken", async () => {
  const other = await openPage(browser, service.address);
  const hidden = await other.locator("windlass-uploader").evaluate((uploader) =>
    [".pdf", "video/*", ".pdf,.jpg", "image/*,.pdf", null].map((accept) => {
      uploader.accept = accept;
      return uploader.shadowRoot.querySelector(".camera").hidden;
    }),
  );
  assert.deepEqual(hidden, [true, true, false, false, false]);
  await other.context().close();
});

test("nobody complained in the console", () => {
  assert.deepEqual(page.complaints, []);
});
