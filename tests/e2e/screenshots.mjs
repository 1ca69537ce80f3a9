/**
 * Pictures of what a person sees, to be looked at: `npm run screenshots -- FOLDER [PHOTO …]`.
 * Phone and desktop, light and dark, with photos, details and refused files. The README's pictures are
 * `docs-desktop.png` and `docs-phone.png` of a run with photos made by the example `make_photo`.
 */

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { fixture, makeVideo, scratchFolder, truncate } from "./harness/bytes.mjs";
import { choose, DESKTOP, launch, openPage, PHONE } from "./harness/browser.mjs";
import { Gate } from "./harness/gate.mjs";
import { Service } from "./harness/service.mjs";
import { allRows, picturesShown } from "./harness/uploader.mjs";

const [folder, ...photos] = process.argv.slice(2);
if (!folder) throw new Error("say where to: npm run screenshots -- FOLDER [PHOTO …]");
await mkdir(folder, { recursive: true });

const scratch = scratchFolder();
const program = join(scratch, "setup.exe");
await writeFile(program, Buffer.concat([Buffer.from("MZ"), Buffer.alloc(4096)]));
const page_ = join(scratch, "roof.jpg");
await writeFile(page_, `<!doctype html>${"<p>not a picture</p>".repeat(400)}`);
const cut = await truncate(fixture("photo_12mp_o6.jpg"), join(scratch, "interrupted.jpg"), 0.6);
const video = await makeVideo(join(scratch, "site walk.mp4"), 200 * 1024 * 1024);

const service = await Service.start();
const browser = await launch();
const shot = (page, name) => page.screenshot({ path: join(folder, `${name}.png`) });

try {
  const chosen = photos.length > 0 ? photos : [fixture("photo_12mp_o6.jpg"), fixture("photo_2mp_o1.jpg")];
  const first = await openPage(browser, service.address, { viewport: { width: 1280, height: 760 } });
  await choose(first, ...chosen);
  await allRows(first, ["stored"], 60_000);
  await picturesShown(first, chosen.length);
  await first.waitForTimeout(500);
  await shot(first, "docs-desktop");
  await first.setViewportSize(PHONE);
  await first.locator("windlass-gallery").evaluate((gallery) => gallery.scrollIntoView({ block: "end" }));
  await shot(first, "docs-phone");
  await first.context().close();

  for (const [name, viewport] of [["phone", PHONE], ["desktop", DESKTOP]]) {
    for (const colorScheme of ["light", "dark"]) {
      const page = await openPage(browser, service.address, { viewport, colorScheme, deviceScaleFactor: name === "phone" ? 2 : 1 });
      await shot(page, `${name}-${colorScheme}-start`);
      if (name === "phone" && colorScheme === "light") {
        await choose(page, ...chosen, video);
        await page.getByText(/Sending [1-9]/).first().waitFor();
        await shot(page, `${name}-${colorScheme}-sending`);
        await allRows(page, ["stored", "failed"], 120_000);
      } else {
        await choose(page, chosen[0], cut, page_, program);
        await allRows(page, ["stored", "failed"], 60_000);
      }
      await page.locator("windlass-gallery img.loaded").first().waitFor();
      await shot(page, `${name}-${colorScheme}`);
      await page.screenshot({ path: join(folder, `${name}-${colorScheme}-whole.png`), fullPage: true });
      for (const [place, what] of [["first", "made"], ["last", "not-made"]]) {
        const details = page.locator("windlass-uploader details:visible")[place]();
        await details.locator("summary").click();
        await details.evaluate((node) => node.closest("li").scrollIntoView({ block: "start" }));
        await shot(page, `${name}-${colorScheme}-${what}`);
        await details.locator("summary").click();
      }
      await page.locator("windlass-gallery button.tile:has(img.loaded)").last().click();
      await page.locator("windlass-gallery dialog[open] img").first().waitFor();
      await page.waitForTimeout(500);
      await shot(page, `${name}-${colorScheme}-details`);
      await page.locator("windlass-gallery dialog summary").click();
      await page.locator("windlass-gallery dialog .readings").evaluate((list) => list.scrollIntoView({ block: "end" }));
      await shot(page, `${name}-${colorScheme}-everything`);
      await page.context().close();
    }
  }
  await arriving();
  const drawer = await openPage(browser, `${service.address}/job-drawer/`, { viewport: PHONE, deviceScaleFactor: 2 }).catch(() => undefined);
  if (drawer) await shot(drawer, "job-drawer");
  const offline = await openPage(browser, service.address, { viewport: PHONE, deviceScaleFactor: 2 });
  await service.pause();
  await choose(offline, chosen[0]);
  await offline.waitForTimeout(3_000);
  await shot(offline, "phone-service-down");
} finally {
  await browser.close();
  await service.stop();
}

/** Photos whose originals are on their way: a gate holds them back. */
async function arriving() {
  const gate = await Gate.open();
  const held = await Service.start({ env: { WINDLASS_STORE_PUBLIC_URL: gate.address } });
  gate.leadTo(held.storePort);
  gate.held = /\/original|windlass-staging\//;
  try {
    const crew = await openPage(browser, held.address);
    await choose(crew, fixture("photo_12mp_o6.jpg"), fixture("photo_2mp_o1.jpg"));
    for (const [name, viewport] of [["phone", PHONE], ["desktop", DESKTOP]]) {
      for (const colorScheme of ["light", "dark"]) {
        const page = await openPage(browser, held.address, { viewport, colorScheme, deviceScaleFactor: name === "phone" ? 2 : 1 });
        await page.locator("windlass-gallery .tile:has(img.loaded) .arriving").last().waitFor({ timeout: 60_000 });
        await page.locator("windlass-gallery").evaluate((gallery) => gallery.scrollIntoView({ block: "end" }));
        await page.waitForTimeout(500);
        await shot(page, `${name}-${colorScheme}-arriving`);
        await page.locator("windlass-gallery button.tile").last().click();
        await page.locator("windlass-gallery dialog[open] img").waitFor();
        await page.waitForTimeout(500);
        await shot(page, `${name}-${colorScheme}-arriving-details`);
        await page.context().close();
      }
    }
  } finally {
    await held.stop();
    gate.close();
  }
}
