/** What a person sees of the two elements, and does with them, in whichever engine. */

import { eventually } from "../../harness/browser.mjs";

/** Opens the page and waits until its elements are there. */
export async function openPage(engine, address) {
  await engine.open(address);
  await eventually("the elements are there", () => engine.run(hasElements), Boolean);
}

/** Chooses files through the uploader's own file input. */
export function choose(engine, ...paths) {
  return engine.choose(() => document.querySelector("windlass-uploader").shadowRoot.querySelector("input[type=file]"), paths);
}

/** The rows of the uploader: name, state, the words below the name and why, a warning, the preview's natural size. */
export function rows(engine) {
  return engine.run(() =>
    [...document.querySelector("windlass-uploader").shadowRoot.querySelectorAll("li.row")].map((row) => {
      const preview = row.querySelector("img");
      return {
        name: row.querySelector(".name")?.textContent ?? "",
        state: row.dataset.state,
        words: row.querySelector(".state")?.textContent ?? "",
        reason: row.querySelector(".state")?.title ?? "",
        warning: row.querySelector(".warning:not([hidden])")?.textContent ?? "",
        preview: preview && [preview.naturalWidth, preview.naturalHeight],
      };
    }),
  );
}

/** Waits until the file of that name has this state, and returns its row. */
export async function rowIs(engine, name, states, timeoutMs) {
  const find = (list) => list.find((row) => row.name === name && states.includes(row.state));
  return find(await eventually(`${name} is ${states}`, () => rows(engine), find, timeoutMs));
}

/** Presses a button of the uploader, by how its name begins. */
export function press(engine, name) {
  return engine.run(
    (begin) => document.querySelector("windlass-uploader").shadowRoot.querySelector(`button[aria-label^="${begin}"]`).click(),
    name,
  );
}

/** Natural sizes of the gallery's pictures, once so many have loaded. */
export function picturesShown(engine, count) {
  return eventually(
    `${count} pictures in the gallery`,
    () =>
      engine.run(() =>
        [...document.querySelector("windlass-gallery").shadowRoot.querySelectorAll("img.loaded")].map(
          ({ naturalWidth, naturalHeight }) => [naturalWidth, naturalHeight],
        ),
      ),
    (pictures) => pictures.length === count && pictures.every(([width]) => width > 0),
  );
}

/** Keeps every value that the files' progress bars show from now on, for `shownProgress`. */
export function watchProgress(engine) {
  return engine.run(() => {
    globalThis.shownProgress = [];
    new MutationObserver((changes) => {
      const bars = changes.map(({ target }) => target).filter((bar) => bar.closest("li.row"));
      globalThis.shownProgress.push(...bars.map((bar) => Number(bar.getAttribute("aria-valuenow"))));
    }).observe(document.querySelector("windlass-uploader").shadowRoot, { subtree: true, attributeFilter: ["aria-valuenow"] });
  });
}

export function shownProgress(engine) {
  return engine.run(() => globalThis.shownProgress);
}

/** In the page. */
export function hasElements() {
  return ["windlass-uploader", "windlass-gallery"].every(
    (name) => document.querySelector(name)?.shadowRoot?.childElementCount > 0,
  );
}
