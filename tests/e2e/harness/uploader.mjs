/** What a person sees of `<windlass-uploader>` and `<windlass-gallery>`. */

import { setTimeout as sleep } from "node:timers/promises";

import { eventually } from "./browser.mjs";

/** The rows of the uploader: name, state (`data-state`), the words below the name, a warning if there is one. */
export function rows(page) {
  return page.locator("windlass-uploader li.row").evaluateAll((items) =>
    items.map((item) => ({
      name: item.querySelector(".name")?.textContent ?? "",
      state: item.dataset.state,
      words: item.querySelector(".state")?.textContent ?? "",
      warning: item.querySelector(".warning:not([hidden])")?.textContent ?? "",
    })),
  );
}

export function row(page, name) {
  return page.locator("windlass-uploader li.row").filter({ has: page.locator(".name", { hasText: name }) });
}

/** What is said above the list of what an earlier page has left; the same is read aloud once. */
export function resumed(page, text) {
  return page.locator("windlass-uploader .resumed", { hasText: text });
}

/** So long a person takes to read what a button asks: an answer that comes sooner is taken for the first press's second half. */
export const READING_MS = 600;

/** Gives an unsent file up as a person does, by a button of the page or of a row: the first press asks, the second answers. */
export async function discard(where, name) {
  await where.getByRole("button", { name }).click();
  await sleep(READING_MS);
  await where.getByRole("button", { name: /^Discard\?/ }).click();
}

/** Waits until every row has one of these states. */
export function allRows(page, states, timeoutMs) {
  return eventually(
    `every row is ${states}`,
    () => rows(page),
    (list) => list.length > 0 && list.every(({ state }) => states.includes(state)),
    timeoutMs,
  );
}

/** Waits until so many pictures of the gallery have loaded. */
export function picturesShown(page, count, timeoutMs) {
  return eventually(
    `${count} pictures in the gallery`,
    () =>
      page
        .locator("windlass-gallery img.loaded")
        .evaluateAll((images) => images.map(({ naturalWidth, naturalHeight }) => ({ naturalWidth, naturalHeight }))),
    (pictures) => pictures.length === count && pictures.every(({ naturalWidth }) => naturalWidth > 0),
    timeoutMs,
  );
}
