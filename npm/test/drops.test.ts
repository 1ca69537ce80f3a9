import assert from "node:assert/strict";
import { test } from "node:test";

import { listenForDrops } from "../src/elements/drops.js";

type Heard = (event: { target: string; dataTransfer: { types: string[] }; preventDefault: () => void }) => void;

/** A node, what is dragged over what is in it, and what was made of that. */
function node() {
  const heard = new Map<string, Heard>();
  const told: string[] = [];
  const fake = { addEventListener: (type: string, listener: Heard) => heard.set(type, listener) };
  listenForDrops(fake as unknown as HTMLElement, {
    hover: (isOver) => told.push(isOver ? "over" : "gone"),
    dropped: () => told.push("dropped"),
  });
  const drag = (type: string, target: string, types = ["Files"]): void =>
    heard.get(type)?.({ target, dataTransfer: { types }, preventDefault: () => undefined });
  return { drag, told };
}

test("files that go from one part to another are held over the whole until they leave it or are let go", () => {
  const { drag, told } = node();
  drag("dragenter", "list");
  drag("dragenter", "line");
  drag("dragleave", "list");
  assert.equal(told.at(-1), "over");
  drag("dragleave", "line");
  assert.equal(told.at(-1), "gone");
  drag("dragenter", "line");
  drag("drop", "line");
  assert.deepEqual(told.slice(-2), ["gone", "dropped"]);
});

test("a part that is taken away under the pointer leaves no mark behind, though nobody hears of leaving it", () => {
  const { drag, told } = node();
  drag("dragenter", "list");
  drag("dragenter", "icon");
  drag("dragleave", "list");
  // The icon gives way to a picture.
  drag("dragenter", "picture");
  drag("dragleave", "picture");
  assert.equal(told.at(-1), "gone");
});

test("what is dragged and is no file is left to the page", () => {
  const { drag, told } = node();
  drag("dragenter", "list", ["text/plain"]);
  drag("drop", "list", ["text/plain"]);
  assert.deepEqual(told, []);
});
