/** A photo whose original does not get through is seen all the same, marked as such. In each engine. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { fixture, variation } from "../../harness/bytes.mjs";
import { eventually } from "../../harness/eventually.mjs";
import { PUT } from "../../harness/fault-proxy.mjs";
import { Scene } from "../../harness/scene.mjs";

/** Originals, whole or in pieces: a line that does not move is soon taken for a weak one. */
const ORIGINALS = { ...PUT, path: "/original|/windlass-staging/" };
let scene;

before(async () => {
  scene = await Scene.open();
});
after(() => scene?.close());

/** The tiles of the gallery: whether the picture is there, what the badge and the accessible name say. */
const tiles = (visit) =>
  visit.run(() =>
    [...document.querySelector("windlass-gallery").shadowRoot.querySelectorAll("button.tile")].map((button) => ({
      name: button.getAttribute("aria-label"),
      isShown: button.querySelector("img.loaded") !== null,
      badge: button.querySelector(".arriving:not([hidden])")?.textContent ?? "",
    })),
  );

test("previews go first, and are shown with the words that the original is on its way until it is there", async () => {
  const visit = await scene.visit();
  await visit.run(() => {
    document.querySelector("windlass-gallery").client = document.querySelector("windlass-uploader").client;
  });
  await scene.proxy.rules({ ...ORIGINALS, fault: { kind: "stall", at: 0 } });
  await visit.choose(
    ...(await Promise.all([1, 2].map((number) => variation(fixture("photo_2mp_o1.jpg"), join(scene.folder, `seen ${number}.jpg`), number)))),
  );
  const isArriving = ({ isShown, badge, name }) => isShown && badge === "Original on its way" && name.endsWith(badge);
  await eventually("both are on their way", () => tiles(visit), (list) => list.length === 2 && list.every(isArriving), 90_000);
  assert.deepEqual(await scene.service.photos(visit.project), [], "who does not ask for it sees nothing without its original");
  await scene.proxy.rules();
  // What has stood still so far is given up now and not half a minute later.
  await scene.proxy.connections("reset");
  const isThere = ({ isShown, badge, name }) => isShown && badge === "" && !/way/.test(name);
  await eventually("the badges are gone", () => tiles(visit), (list) => list.length === 2 && list.every(isThere), 90_000);
  await visit.allStored();
});
