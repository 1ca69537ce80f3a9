/** The elements in an app that assigns their properties again and again, takes them out of the page and puts them back. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { choose, eventually } from "../harness/browser.mjs";
import { keptFiles } from "../harness/kept.mjs";
import { areKept, keptQueue, MIB, nothingIsKept, refuseAnnouncements, VARIANTS } from "../harness/kept-queue.mjs";
import { allRows, discard, picturesShown, resumed, row, rows } from "../harness/uploader.mjs";

const world = keptQueue();

/** Nothing is stored whole meanwhile, nor taken for dead: in bytes a second. */
const SLOW = 256 * 1024;

/** The demo page, whose elements ask a function for tokens, as after an app's first rendering. `prepare` as of a profile. */
async function openApp({ prepare } = {}) {
  const page = await world.profile.open(world.service.address, { prepare });
  await page.evaluate((token) => {
    window.stored = [];
    addEventListener("windlass-photo", ({ detail }) => window.stored.push(detail.photo.filename));
    window.uploader = document.querySelector("windlass-uploader");
    window.gallery = document.querySelector("windlass-gallery");
    window.render = () => [uploader, gallery].forEach((element) => (element.token = () => token));
    window.signOut = () => [uploader, gallery].forEach((element) => (element.token = null));
    // The attribute would go on where there is no function.
    [uploader, gallery].forEach((element) => element.removeAttribute("token-url"));
    window.render();
  }, world.service.token());
  return page;
}

/** Long enough for clients of one page to hear of each other. */
const aWhile = () => new Promise((done) => setTimeout(done, 500));

/** Each file has one line, is stored, and was told of once. */
async function areStoredOnce(page, files, names) {
  world.gate.bytesPerSecond = Infinity;
  await eventually("all are stored", () => rows(page), (list) => list.length > 0 && list.every(({ state }) => state === "stored"), 120_000);
  assert.deepEqual((await rows(page)).map(({ name }) => name).sort(), names);
  assert.deepEqual((await page.evaluate(() => window.stored)).sort(), names);
  await page.locator("windlass-uploader").getByRole("button", { name: "Clear stored" }).waitFor();
  await world.assertStored(files, VARIANTS);
  await nothingIsKept(page);
  assert.deepEqual(page.complaints, []);
}

const names = (prefix, count) => Array.from({ length: count }, (_, index) => `${prefix} ${index + 1}.jpg`);

test("a token function that is assigned at every rendering changes nothing: one line a file, one list, an open dialog", async () => {
  const page = await openApp();
  const [first] = await world.photos(1, "shown");
  await choose(page, first);
  await allRows(page, ["stored"], 60_000);
  await picturesShown(page, (await world.service.photos()).length);
  await page.evaluate(() => uploader.shadowRoot.querySelector(".summary-buttons button:not([hidden])").click());
  await page.locator("windlass-gallery").getByRole("button").filter({ has: page.locator("img") }).first().click();
  await page.locator("windlass-gallery dialog[open]").waitFor();
  // Nothing new for the gallery: of five thumbnails at once it would rightly load the list.
  world.gate.bytesPerSecond = 0;
  const files = await world.photos(5, "rendered");
  await choose(page, ...files);
  const lists = [];
  page.on("request", (request) => /\/photos\?/.test(request.url()) && lists.push(request.url()));
  for (let rendering = 0; rendering < 4; rendering += 1) {
    await page.evaluate(() => window.render());
    await aWhile();
  }
  assert.deepEqual((await rows(page)).map(({ name }) => name).sort(), names("rendered", 5));
  assert.deepEqual(lists, [], "the gallery has its list");
  assert.equal(await page.locator("windlass-gallery dialog[open]").count(), 1);
  await page.evaluate(() => (window.stored = []));
  await areStoredOnce(page, files, names("rendered", 5));
});

test("strings that are assigned at every rendering change nothing; other words leave the keyboard and what is unfolded", async () => {
  const page = await openApp();
  await choose(page, ...(await world.photos(1, "named")));
  await allRows(page, ["stored"], 60_000);
  const summary = page.locator("windlass-uploader li.row summary");
  await summary.click();
  await summary.focus();
  const renderWith = (words) =>
    page.evaluate((strings) => {
      const { shadowRoot } = uploader;
      const line = shadowRoot.querySelector("li.row");
      // A function in a template is another one each time.
      uploader.strings = { ...strings, cancel: (name) => `${name}: ${strings.cancel}` };
      return { isSameLine: shadowRoot.querySelector("li.row") === line, hasKeyboard: shadowRoot.activeElement?.textContent };
    }, words);
  assert.deepEqual(await renderWith({}), { isSameLine: true, hasKeyboard: "Details" });
  const german = { details: "Einzelheiten", choosePhotos: "Fotos auswählen" };
  assert.deepEqual(await renderWith(german), { isSameLine: false, hasKeyboard: "Einzelheiten" });
  assert.deepEqual(await renderWith({ ...german }), { isSameLine: true, hasKeyboard: "Einzelheiten" });
  await page.locator("windlass-uploader details[open] .details-content h3").first().waitFor();
  assert.deepEqual(page.complaints, []);
});

test("words that were read from an element can be assigned again: they are as they were when they were read", async () => {
  const page = await openApp();
  const shown = await page.evaluate(() =>
    [[gallery, "label", ".grid"], [uploader, "listLabel", ".list"]].map(([element, name, part]) => {
      const said = () => element.shadowRoot.querySelector(part).getAttribute("aria-label");
      const english = element.strings;
      element.strings = { ...english, [name]: "Bilder" };
      element.strings = element.strings;
      const translated = said();
      element.strings = english;
      return [translated, said()];
    }),
  );
  assert.deepEqual(shown, [["Bilder", "Photos"], ["Bilder", "Files"]]);
  assert.deepEqual(page.complaints, []);
});

test("an uploader that is away for a while lists each file once, and tells of it once", async () => {
  const page = await openApp();
  world.gate.bytesPerSecond = SLOW;
  const files = await world.photos(3, "away");
  await choose(page, ...files);
  for (let visit = 0; visit < 2; visit += 1) {
    await page.evaluate(() => {
      window.place = uploader.parentNode;
      uploader.remove();
    });
    await aWhile();
    await page.evaluate(() => window.place.append(uploader));
    await aWhile();
  }
  assert.deepEqual((await rows(page)).map(({ name }) => name).sort(), names("away", 3));
  await areStoredOnce(page, files, names("away", 3));
});

test("whoever signs out and in again while files are sent sees each once, those of another tab too", async () => {
  const page = await openApp();
  const other = await world.profile.tab(world.service.address);
  world.gate.bytesPerSecond = SLOW;
  const files = [...(await world.photos(2, "signed")), ...(await world.photos(1, "other tab"))];
  await choose(page, ...files.slice(0, 2));
  await choose(other, files[2]);
  const all = ["other tab 1.jpg", ...names("signed", 2)];
  const isEachOnce = () =>
    eventually("each is listed once", () => rows(page), (list) => `${list.map(({ name }) => name).sort()}` === `${all}`);
  await isEachOnce();
  for (let time = 0; time < 2; time += 1) {
    await page.evaluate(() => window.signOut());
    await aWhile();
    await page.evaluate(() => window.render());
    await aWhile();
    await isEachOnce();
  }
  await row(page, "other tab").getByRole("button", { name: /^Pause/ }).click();
  await eventually("the other tab pauses it", () => rows(other), (list) => list.find(({ name }) => name === "other tab 1.jpg")?.state === "paused");
  await row(page, "other tab").getByRole("button", { name: /^Resume/ }).click();
  await areStoredOnce(page, files, all);
});

test("what failed for want of a permission goes on in its own line with the next one who has it", async () => {
  const page = await openApp();
  const files = await world.photos(1, "expired");
  const allow = await refuseAnnouncements(page, "forbidden", "The token does not cover this project.");
  await choose(page, ...files);
  await allRows(page, ["failed"]);
  await areKept(page, 1);
  await allow();
  world.gate.bytesPerSecond = SLOW;
  await row(page, "expired 1.jpg").getByRole("button", { name: "Try again" }).focus();
  await page.evaluate(() => {
    window.signOut();
    window.render();
  });
  await eventually("it goes on", () => rows(page), ([only]) => only.state !== "failed");
  const hasKeyboard = await page.evaluate(() => Boolean(uploader.shadowRoot.activeElement?.closest("li.row")));
  assert.equal(hasKeyboard, true, "the keyboard stays on the line");
  await areStoredOnce(page, files, names("expired", 1));
});

test("what is discarded after whoever chose it has signed out is not sent when he is back", async () => {
  const page = await openApp();
  const allow = await refuseAnnouncements(page, "forbidden", "The token does not cover this project.");
  await choose(page, ...(await world.photos(1, "discarded")));
  await allRows(page, ["failed"]);
  await areKept(page, 1);
  await allow();
  await page.evaluate(() => window.signOut());
  await aWhile();
  await discard(page.locator("windlass-uploader"), "Remove discarded 1.jpg from the list");
  await eventually("no page finds it", () => keptFiles(page), ({ rows: kept }) => kept === 0);
  await page.evaluate(() => window.render());
  await aWhile();
  assert.deepEqual(await rows(page), []);
});

/** A browser that keeps nothing. */
const keepNothing = (page) =>
  page.addInitScript(() => {
    const refuse = () => {
      throw new DOMException("It is blocked.", "SecurityError");
    };
    Object.defineProperty(indexedDB, "open", { value: refuse });
    navigator.storage.getDirectory = () => Promise.reject(new DOMException("It is blocked.", "SecurityError"));
  });

test("“Try again” sends a file also where its client is closed by then, and nothing is kept", async () => {
  const page = await openApp({ prepare: keepNothing });
  const files = await world.photos(1, "tried");
  const allow = await refuseAnnouncements(page, "forbidden", "The token does not cover this project.");
  await choose(page, ...files);
  await allRows(page, ["failed"]);
  await page.evaluate(() => window.signOut());
  await page.evaluate(() => window.render());
  await allow();
  await aWhile();
  await row(page, "tried 1.jpg").getByRole("button", { name: "Try again" }).click();
  await eventually("it is stored", () => rows(page), ([only]) => only.state === "stored", 60_000);
  assert.deepEqual((await rows(page)).map(({ name }) => name), ["tried 1.jpg"]);
  assert.deepEqual(await page.evaluate(() => window.stored), ["tried 1.jpg"]);
  await world.assertStored(files, VARIANTS);
});

test("what was not sent is not lost by one press: clearing the list leaves it, and its own button asks", async () => {
  const page = await openApp();
  const [first, ...refused] = [...(await world.photos(1, "first")), ...(await world.photos(2, "unsent"))];
  await choose(page, first);
  await allRows(page, ["stored"], 60_000);
  const allow = await refuseAnnouncements(page, "quota_exceeded", "The company has no room left.");
  await choose(page, ...refused);
  await eventually("two are not sent", () => rows(page), (list) => list.filter(({ state }) => state === "failed").length === 2, 60_000);
  await areKept(page, 2);
  const uploader = page.locator("windlass-uploader");
  await uploader.getByRole("button", { name: "Clear stored" }).click();
  assert.deepEqual((await rows(page)).map(({ name }) => name).sort(), names("unsent", 2));
  await uploader.getByRole("button", { name: "Clear stored" }).waitFor({ state: "hidden" });

  const remove = uploader.getByRole("button", { name: "Remove unsent 1.jpg from the list" });
  const asking = uploader.getByRole("button", { name: "Discard? unsent 1.jpg is not sent yet." });
  await remove.dblclick();
  assert.equal(await asking.innerText(), "Discard?");
  await uploader.locator("[role=status]").filter({ hasText: "unsent 1.jpg is not sent yet. Press again to discard it." }).waitFor({ state: "attached" });
  await page.locator("h1").click();
  await remove.waitFor();
  await areKept(page, 2);

  await discard(uploader, "Remove unsent 1.jpg from the list");
  await areKept(page, 1);
  await allow();
  await row(page, "unsent 2.jpg").getByRole("button", { name: "Try again" }).click();
  await allRows(page, ["stored"], 60_000);
  assert.deepEqual((await rows(page)).map(({ name }) => name), ["unsent 2.jpg"]);
  await world.assertStored([first, refused[1]], VARIANTS);
  await nothingIsKept(page);
});

test("what was chosen for one project is not sent to another that the element has by then", async () => {
  const page = await openApp({ prepare: keepNothing });
  const files = await world.photos(1, "other project");
  await refuseAnnouncements(page, "forbidden", "The token does not cover this project.");
  await choose(page, ...files);
  await allRows(page, ["failed"]);
  await page.evaluate(() => (uploader.project = "job-2"));
  await aWhile();
  await row(page, "other project").getByRole("button", { name: "Try again" }).click();
  await page.getByText("“other project 1.jpg” was chosen for another project. Open that one again to send it.").waitFor();
  assert.equal((await rows(page))[0].state, "failed");
  await page.evaluate(() => (uploader.project = "demo"));
  await page.getByText("was chosen for another project").waitFor({ state: "hidden" });
});

test("an app hands over files as it has them: a list, a transfer or a single one", async () => {
  const page = await openApp();
  const added = await page.evaluate(() => {
    const file = (name) => new File([`%PDF-1.7 ${name}`], name, { type: "application/pdf" });
    const transfer = (name) => {
      const made = new DataTransfer();
      made.items.add(file(name));
      return made;
    };
    const sources = [transfer("list.pdf").files, transfer("transfer.pdf"), file("one.pdf"), [file("array.pdf")]];
    return sources.flatMap((source) => uploader.add(source).map(({ filename, size }) => `${filename} ${size}`));
  });
  assert.deepEqual(added, ["list.pdf 17", "transfer.pdf 21", "one.pdf 16", "array.pdf 18"]);
  await allRows(page, ["stored"], 60_000);
});

/** A client of the app's own, which outlives the elements. */
const makeClient = (page) =>
  page.evaluate(async (token) => {
    const { Windlass } = await import("/windlass/index.js");
    window.client = new Windlass({ endpoint: location.origin, project: "demo", token: () => token });
  }, world.service.token());

/** Another uploader in the place of the one before, as an app's router makes it. */
const anotherUploader = (page) =>
  page.evaluate(() => {
    const element = document.createElement("windlass-uploader");
    Object.assign(element, { multiple: true, client: window.client });
    uploader.replaceWith(element);
    window.uploader = element;
  });

test("an uploader lists what the client that it is given is sending already, and what other tabs send", async () => {
  const page = await openApp();
  await makeClient(page);
  await anotherUploader(page);
  world.gate.bytesPerSecond = SLOW;
  const files = [...(await world.photos(3, "routed")), ...(await world.photos(1, "tab"))];
  await choose(page, ...files.slice(0, 3));
  const other = await world.profile.tab(world.service.address);
  await choose(other, files[3]);
  const all = [...names("routed", 3), "tab 1.jpg"];
  await eventually("all are listed", () => rows(page), (list) => list.length === 4);
  await page.evaluate(() => uploader.replaceWith((window.uploader = document.createElement("p"))));
  await aWhile();
  await anotherUploader(page);
  assert.deepEqual((await rows(page)).map(({ name }) => name).sort(), all);
  await areStoredOnce(page, files, all);
});

test("what is added to an uploader that is not in the page yet is sent, and listed when it is", async () => {
  const page = await openApp();
  await makeClient(page);
  const begun = await page.evaluate(async () => {
    const element = Object.assign(document.createElement("windlass-uploader"), { client: window.client });
    const added = element.add([new File(["%PDF-1.7\n"], "early.pdf", { type: "application/pdf" })]);
    uploader.replaceWith(element);
    return added.length;
  });
  assert.equal(begun, 1);
  await allRows(page, ["stored"], 60_000);
  assert.deepEqual((await rows(page)).map(({ name }) => name), ["early.pdf"]);
  assert.deepEqual(page.complaints, []);
});

test("an uploader asks for what its client misses, also where that was found before it listened", async () => {
  const page = await openApp();
  const session = await page.context().newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: world.service.address, quotaSize: 1 * MIB });
  world.gate.bytesPerSecond = 0;
  const [file] = await world.photos(1, "missed");
  await choose(page, file);
  await page.getByText(/Keep this page open/).first().waitFor();
  page.on("dialog", (dialog) => dialog.accept());
  await page.goto(`${world.service.address}/job-drawer/`);
  await makeClient(page);
  await eventually("it is found", () => page.evaluate(() => window.client.missing), ([only]) => only?.filename === "missed 1.jpg");
  await page.evaluate(() => {
    window.uploader = document.createElement("windlass-uploader");
    uploader.client = window.client;
    document.body.append(uploader);
  });
  await resumed(page, "“missed 1.jpg” was not sent before this page was left. Choose it again").waitFor();
  world.gate.bytesPerSecond = Infinity;
  await choose(page, file);
  await resumed(page, "was not sent before this page was left").waitFor({ state: "hidden" });
  assert.deepEqual(await page.evaluate(() => window.client.missing), []);
  await allRows(page, ["stored"], 60_000);
});

test("properties that are undefined yet are none, every attribute can be assigned, and an alert goes when its cause does", async () => {
  const page = await openApp();
  await makeClient(page);
  // As React 19 and Vue do: what is a property of the element is assigned.
  const refused = await page.evaluate(() => {
    const assign = (tag, values) => {
      const element = document.createElement(tag);
      for (const [name, value] of Object.entries(values)) {
        if (name in element) element[name] = value;
        else element.setAttribute(name, value);
      }
      document.querySelector(tag).replaceWith(element);
      return element;
    };
    const nothing = { client: undefined, token: undefined, link: undefined, strings: undefined, project: undefined };
    window.uploader = assign("windlass-uploader", { ...nothing, multiple: undefined, accept: undefined });
    window.gallery = assign("windlass-gallery", { ...nothing, live: "off", searchable: undefined, filter: undefined, pageSize: undefined });
    const alert = uploader.shadowRoot.querySelector("[role=alert]:not([hidden])");
    return { isAlert: alert !== null, multiple: uploader.multiple, searchable: gallery.searchable, live: gallery.getAttribute("live") };
  });
  assert.deepEqual(refused, { isAlert: false, multiple: false, searchable: false, live: "off" });
  const alert = page.locator("windlass-uploader [role=alert]:not([hidden])");
  await page.evaluate(() => (uploader.link = "cut off"));
  await alert.getByText("This link is not whole.").waitFor();
  await page.evaluate(() => ([uploader.client, gallery.client] = [window.client, window.client]));
  await alert.waitFor({ state: "hidden" });
  await eventually("the gallery has its photos", () => page.evaluate(() => gallery.photos.length), (count) => count > 0);
  assert.equal(await page.evaluate(() => gallery.live), "stopped", "nothing is followed");
  assert.deepEqual(page.complaints, []);
});

test("why nothing can be sent is said in the app's own words", async () => {
  const page = await openApp();
  await page.evaluate(() => Object.assign(uploader, { strings: { error: ({ code }) => `Nein: ${code}.` }, link: "cut off" }));
  await page.locator("windlass-uploader [role=alert]").getByText("Nein: invalid_options.").waitFor();
});

test("a gallery whose list was refused for want of a token asks again with the next function", async () => {
  const page = await openApp();
  await page.evaluate(() => {
    gallery.token = null;
    gallery.token = () => "nobody's";
  });
  await page.locator("windlass-gallery .failed").waitFor();
  await page.evaluate(() => window.render());
  await page.locator("windlass-gallery .failed").waitFor({ state: "detached" });
  await eventually("the gallery has its photos", () => page.evaluate(() => gallery.photos.length), (count) => count > 0);
});
