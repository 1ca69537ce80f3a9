/** Twenty photos through the real uploader and the real service: how soon the first byte of one leaves. */

import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { variation } from "../../../e2e/harness/bytes.mjs";
import { Service } from "../../../e2e/harness/service.mjs";
import { median, rounded } from "./numbers.mjs";

const PHOTOS = 20;
const RUNS = 3;

/**
 * From choosing the photos to the first byte of the first PUT, and to the last photo stored: in a page that
 * has come to rest, as it has while somebody looks for photos, and in one where they are chosen as soon as
 * the element is there, before its workers are.
 */
export async function timeToFirstByte(browser, photo, say) {
  return [
    { name: "windlass", ...(await measured(browser, photo, say, { atRest: true })) },
    { name: "windlass, page just opened", ...(await measured(browser, photo, say, { atRest: false })) },
  ];
}

async function measured(browser, photo, say, { atRest }) {
  const folder = await mkdtemp(join(tmpdir(), "windlass-bench-photos-"));
  const runs = [];
  try {
    for (let turn = 0; turn < RUNS; turn++) {
      say(`${PHOTOS} photos through the uploader${atRest ? "" : " of a page just opened"}, ${turn + 1} of ${RUNS}`);
      const chosen = join(folder, String(turn));
      await mkdir(chosen);
      const paths = await Promise.all(
        Array.from({ length: PHOTOS }, (_, index) => variation(photo.path, join(chosen, `photo ${index}.jpg`), index)),
      );
      const service = await Service.start();
      try {
        runs.push(await upload(browser, service, paths, atRest));
      } finally {
        await service.stop();
      }
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const [first, all] = ["firstByte", "allStored"].map((key) => median(runs.map((run) => run[key])));
  return { task: "first-byte", photos: PHOTOS, median_ms: rounded(first), all_stored_ms: rounded(all, 0) };
}

async function upload(browser, service, paths, atRest) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const puts = [];
    page.on("requestfinished", (request) => {
      if (request.method() === "PUT") puts.push(request.timing());
    });
    await page.goto(service.address);
    const input = page.locator("windlass-uploader input[type=file]").first();
    await input.waitFor({ state: "attached" });
    if (atRest) await page.waitForLoadState("networkidle");
    await input.evaluate((element) => {
      element.addEventListener("change", (event) => (globalThis.chosenAt = performance.timeOrigin + event.timeStamp), true);
    });
    await input.setInputFiles(paths);
    await page.waitForFunction(
      (count) => document.querySelector("windlass-uploader").shadowRoot.querySelectorAll('li.row[data-state="stored"]').length === count,
      paths.length,
      { timeout: 120_000 },
    );
    const storedAt = await page.evaluate(() => performance.timeOrigin + performance.now());
    const chosenAt = await page.evaluate(() => globalThis.chosenAt);
    const firstByteAt = Math.min(...puts.map(({ startTime, requestStart }) => startTime + Math.max(0, requestStart)));
    return { firstByte: firstByteAt - chosenAt, allStored: storedAt - chosenAt };
  } finally {
    await context.close();
  }
}
