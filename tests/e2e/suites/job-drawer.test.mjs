/** The job drawer, an example that is copied whole: photos of several jobs in one page, which may end at any time. */

import assert from "node:assert/strict";
import { unlink } from "node:fs/promises";
import { test } from "node:test";

import { choose, eventually } from "../harness/browser.mjs";
import { keptFiles } from "../harness/kept.mjs";
import { areKept, keptQueue, nothingIsKept, refuseAnnouncements } from "../harness/kept-queue.mjs";
import { discard } from "../harness/uploader.mjs";

const world = keptQueue();

/** Its page, and how to open a job's drawer; which jobs it remembers, and what the card of one says of its photos. */
async function openJobDrawer() {
  const page = await world.profile.open(world.service.address);
  await page.goto(`${world.service.address}/job-drawer/`);
  const open = (job) => page.getByRole("button", { name: `Add photo to ${job}` }).click();
  const unfinished = () => page.evaluate(() => localStorage.getItem("unfinished-jobs"));
  const badge = (job) => page.locator("#jobs .job", { hasText: job }).locator(".badge").textContent();
  return { page, open, unfinished, badge };
}

test("photos of the job drawer go on when the page is loaded again, before anybody opens their job", async () => {
  const { page, open, unfinished } = await openJobDrawer();
  world.gate.bytesPerSecond = 0;
  const files = await world.photos(1, "drawer");
  await open("Yard waste");
  await choose(page, ...files);
  await areKept(page, 1);
  // When it is prepared, which on a slow machine takes longer than copying it.
  await eventually("the job is remembered", unfinished, (ids) => ids === '["job-1043"]');
  await page.reload();
  await page.getByText("1 being sent").waitFor();
  assert.equal(await page.locator("windlass-gallery").count(), 0, "nobody looks at one yet");
  world.gate.bytesPerSecond = Infinity;
  await page.getByText("1 photo added").waitFor();
  assert.deepEqual((await world.service.photos("job-1043")).map(({ filename }) => filename), ["drawer 1.jpg"]);
  assert.equal(await unfinished(), "[]");
  await nothingIsKept(page);
  assert.deepEqual(page.complaints, []);
});

test("the job drawer has one gallery, that of the job that is open", async () => {
  const { page, open } = await openJobDrawer();
  for (const [job, id] of [["Yard waste", "job-1043"], ["Garage clear-out", "job-1041"], ["Yard waste", "job-1043"]]) {
    await open(job);
    await page.locator("windlass-gallery").waitFor();
    assert.deepEqual(await page.locator("windlass-gallery").evaluateAll((all) => all.map(({ project }) => project)), [id]);
    await page.getByRole("button", { name: "Close" }).click();
  }
});

test("the job drawer remembers no job for a photo that was refused or discarded, and its card says nothing of it any more", async () => {
  const { page, open, unfinished, badge } = await openJobDrawer();
  await open("Yard waste");
  const says = (text) => eventually(`the card says “${text}”`, () => badge("Yard waste"), (said) => said === text, 60_000);
  const letIn = await refuseAnnouncements(page, "file_too_large", "The file is too large.");
  await choose(page, ...(await world.photos(1, "refused")));
  await says("1 not sent");
  assert.equal(await unfinished(), "[]");
  await page.getByRole("button", { name: "Remove refused 1.jpg from the list" }).click();
  await says("");
  await letIn();

  await refuseAnnouncements(page, "quota_exceeded", "The company has no room left.");
  await choose(page, ...(await world.photos(1, "unsent")));
  await says("1 not sent");
  assert.equal(await unfinished(), '["job-1043"]', "the browser keeps it");
  await discard(page, "Remove unsent 1.jpg from the list");
  await says("");
  assert.equal(await unfinished(), "[]");
  await nothingIsKept(page);
});

test("a photo that is gone from the phone while the browser keeps it is sent from there, and its job is not left unfinished", async () => {
  const { page, open, unfinished, badge } = await openJobDrawer();
  const [file] = await world.photos(1, "gone");
  // Nothing else reads the file once it is kept.
  let letStart;
  const mayStart = new Promise((done) => (letStart = done));
  await page.context().route("**/windlass_upload_bg.wasm", async (route) => {
    await mayStart;
    await route.continue();
  });
  await open("Yard waste");
  await choose(page, file);
  await areKept(page, 1);
  await eventually("it is prepared", () => keptFiles(page), ({ prepared }) => prepared === 1);
  await unlink(file);
  letStart();
  await eventually("it is stored", () => world.service.photos("job-1043"), (photos) => photos.length > 0);
  await eventually("the card says so", () => badge("Yard waste"), (said) => said === "1 photo added");
  assert.ok((await world.service.photos("job-1043")).some(({ filename }) => filename === "gone 1.jpg"));
  assert.equal(await unfinished(), "[]");
  await nothingIsKept(page);
});

test("the job drawer remembers a job whose page ends before its first photo is prepared", async () => {
  const { page, open } = await openJobDrawer();
  const photoModule = "**/windlass_photo_bg.wasm";
  // Never answered.
  await page.context().route(photoModule, () => {});
  await open("Yard waste");
  await choose(page, ...(await world.photos(1, "hurried")));
  await areKept(page, 1);
  assert.equal((await keptFiles(page)).prepared, 0);
  await page.context().unroute(photoModule);
  await page.reload();
  await page.getByText("1 photo added").waitFor();
  assert.ok((await world.service.photos("job-1043")).some(({ filename }) => filename === "hurried 1.jpg"));
  await nothingIsKept(page);
});

test("the job drawer forgets no job when its page is hidden before the photos of an earlier one are found", async () => {
  const { page, open, unfinished } = await openJobDrawer();
  world.gate.bytesPerSecond = 0;
  await open("Yard waste");
  await choose(page, ...(await world.photos(1, "unseen")));
  await areKept(page, 1);
  await eventually("the job is remembered", unfinished, (ids) => ids === '["job-1043"]');
  // Never answered: whose they are is not known.
  await page.context().route("**/demo/token?*", () => {});
  await page.reload();
  await page.evaluate(async () => {
    await customElements.whenDefined("windlass-uploader");
    document.dispatchEvent(new Event("visibilitychange"));
  });
  assert.equal(await unfinished(), '["job-1043"]');
});
