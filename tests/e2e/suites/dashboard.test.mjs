/** `examples/dashboard-vite`: the package as an application imports it, built and served by Vite. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

import { fixture, sha256OfFile, sha256OfUrl } from "../harness/bytes.mjs";
import { eventually, launch } from "../harness/browser.mjs";
import { areKept, MIB } from "../harness/kept-queue.mjs";
import { Service } from "../harness/service.mjs";
import { allRows, picturesShown, rows } from "../harness/uploader.mjs";

const example = fileURLToPath(new URL("../../../examples/dashboard-vite/", import.meta.url));
let service;
let browser;
let server;

before(async () => {
  [service, browser] = await Promise.all([Service.start(), launch()]);
  process.env.WINDLASS_SERVICE = service.address;
  const { preview } = await import(pathToFileURL(`${example}node_modules/vite/dist/node/index.js`).href);
  server = await preview({ root: example, logLevel: "error", preview: { port: 0, host: "127.0.0.1" } });
});
after(async () => {
  await browser?.close();
  await server?.close();
  await service?.stop();
});

test("a link made in the dashboard lets a customer send photos, until it is ended", async () => {
  const office = await browser.newContext({ permissions: ["clipboard-read", "clipboard-write"] });
  const page = await office.newPage();
  await page.goto(`${server.resolvedUrls.local[0]}#job-1042`);
  await page.locator("#customer").click();
  await page.getByLabel("For whom").fill("Frau Kraus");
  await page.getByLabel("Photos at most").fill("3");
  await page.getByRole("button", { name: "Make the link" }).click();
  const address = page.getByLabel("The link", { exact: true });
  await address.waitFor();
  const link = await address.inputValue();
  await page.getByRole("button", { name: "Copy" }).click();
  await page.getByText("Copied.").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), link);

  const customer = await (await browser.newContext()).newPage();
  await customer.goto(link);
  await customer.locator("windlass-uploader input[type=file]").first().setInputFiles([fixture("photo_12mp_o6.jpg")]);
  await allRows(customer, ["stored"]);
  const [photo] = await service.photos("job-1042");
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture("photo_12mp_o6.jpg")));

  await page.getByRole("button", { name: "Close" }).click();
  await page.locator("#customer").click();
  await page.getByText("1 of 3 photos").waitFor();
  await page.getByRole("button", { name: "End the link of Frau Kraus" }).click();
  await eventually("it is not listed any more", () => page.locator("#links li").count(), (count) => count === 0);
  await customer.reload();
  await customer.locator("windlass-uploader input[type=file]").first().setInputFiles([fixture("photo_2mp_o1.jpg")]);
  await eventually("its row says so", () => rows(customer), ([row]) => /This link has ended/.test(row?.words ?? ""));
});

test("another link that is opened in the same tab brings photos to its own job", async () => {
  const links = await Promise.all(
    ["job-1041", "job-1043"].map(async (project) => {
      const token = service.token({ project, scope: "links" });
      const { json } = await service.api(`/projects/${project}/upload-links`, { method: "POST", body: {}, token });
      return `${server.resolvedUrls.local[0]}send.html#${json.token}`;
    }),
  );
  const customer = await (await browser.newContext()).newPage();
  await customer.goto(links[0]);
  const chooser = customer.locator("windlass-uploader input[type=file]").first();
  await chooser.waitFor({ state: "attached" });
  await customer.evaluate(() => (window.isTheSame = true));
  await customer.goto(links[1]);
  await chooser.setInputFiles([fixture("photo_2mp_o1.jpg")]);
  await allRows(customer, ["stored"]);
  assert.ok(await customer.evaluate(() => window.isTheSame), "the page was not loaded again");
  const counts = await Promise.all(["job-1041", "job-1043"].map(async (project) => (await service.photos(project)).length));
  assert.deepEqual(counts, [0, 1]);
});

/** Holds what is sent to the store, until the function that this answers is called. */
async function holdPuts(context) {
  const held = [];
  let isOpen = false;
  await context.route(
    (url) => url.origin === service.storeAddress,
    (route) => (isOpen || route.request().method() !== "PUT" ? route.continue() : held.push(route)),
  );
  return async () => {
    isOpen = true;
    // Those of a page that was left are nobody's any more.
    await Promise.all(held.map((route) => route.continue().catch(() => undefined)));
  };
}

test("what is under way when the office page is reloaded is listed again, and goes on", async () => {
  const office = await browser.newContext();
  const page = await office.newPage();
  const letGo = await holdPuts(office);
  await page.goto(`${server.resolvedUrls.local[0]}#job-1043`);
  await page.locator("#files").setInputFiles([fixture("photo_12mp_o6.jpg")]);
  await areKept(page, 1);
  await page.reload();
  await page.locator("#uploads li").getByText("photo_12mp_o6.jpg").waitFor();
  await letGo();
  await eventually("it is stored", () => page.locator("#total").textContent(), (words) => words === "1 of 1 stored", 60_000);
  const photo = (await service.photos("job-1043")).find(({ filename }) => filename === "photo_12mp_o6.jpg");
  assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture("photo_12mp_o6.jpg")));
  await office.close();
});

test("what the browser keeps no copy of is told of, and asked for again after a reload", async () => {
  const office = await browser.newContext();
  const page = await office.newPage();
  const letGo = await holdPuts(office);
  await page.goto(`${server.resolvedUrls.local[0]}#job-1041`);
  const session = await office.newCDPSession(page);
  await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(page.url()).origin, quotaSize: 1 * MIB });
  await page.locator("#files").setInputFiles([fixture("photo_12mp_o6.jpg")]);
  await page.getByText("Keep this page open until it is stored.").waitFor();
  page.on("dialog", (dialog) => dialog.accept());
  await page.reload();
  const asked = page.getByText("Choose again for job-1041: photo_12mp_o6.jpg.");
  await asked.waitFor();
  await page.locator("#files").setInputFiles([fixture("photo_12mp_o6.jpg")]);
  await asked.waitFor({ state: "hidden" });
  await letGo();
  await eventually("it is stored", () => page.locator("#total").textContent(), (words) => words === "1 of 1 stored", 60_000);
  await office.close();
});

test("a photo chosen in the built dashboard is stored and shown, with a progress list of its own", async () => {
  const page = await (await browser.newContext()).newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(server.resolvedUrls.local[0]);
  const project = await page.locator("#project").inputValue();
  await page.locator("#files").setInputFiles([fixture("photo_12mp_o6.jpg"), fixture("photo_2mp_o1.jpg")]);
  await eventually(
    "both are stored",
    () => page.locator("#uploads li").evaluateAll((items) => items.map(({ dataset }) => dataset.state)),
    (states) => states.length === 2 && states.every((state) => state === "stored"),
  );
  assert.equal(await page.locator("#total").textContent(), "2 of 2 stored");
  await picturesShown(page, 2);
  const photos = await service.photos(project);
  const names = ["photo_12mp_o6.jpg", "photo_2mp_o1.jpg"];
  for (const name of names) {
    const photo = photos.find(({ filename }) => filename === name);
    assert.equal(await sha256OfUrl(photo.url), await sha256OfFile(fixture(name)));
  }
  assert.deepEqual(complaints, []);
});
