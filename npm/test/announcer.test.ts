/** What the uploader says to those who hear the page. */
import assert from "node:assert/strict";
import { after, afterEach, beforeEach, mock, test } from "node:test";

import { Announcer } from "../src/elements/announcer.js";
import { uploaderStrings } from "../src/elements/uploader.strings.js";

/** As much of a node as sentences need. */
class FakeNode {
  readonly said: string[] = [];
  readonly #children: (FakeNode | string)[] = [];
  readonly #attributes = new Map<string, string>();

  setAttribute(name: string, value: string): void {
    this.#attributes.set(name, value);
  }

  getAttribute(name: string): string | undefined {
    return this.#attributes.get(name);
  }

  append(...children: (FakeNode | string)[]): void {
    this.#children.push(...children);
    this.said.push(...children.map((child) => (child instanceof FakeNode ? child.#children.join("") : child)));
  }

  get childElementCount(): number {
    return this.#children.length;
  }

  get firstElementChild(): { remove: () => void } {
    return { remove: () => void this.#children.shift() };
  }
}

const global = globalThis as unknown as Record<string, unknown>;
const before = global["document"];
global["document"] = { createElement: () => new FakeNode() };
after(() => {
  global["document"] = before;
});
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

function announcer(): { announcer: Announcer; node: FakeNode } {
  const made = new Announcer({ ...uploaderStrings });
  return { announcer: made, node: made.node as unknown as FakeNode };
}

test("of sixty photos that are stored nobody hears sixty sentences: the first by its name, the others counted", () => {
  const { announcer: speaking, node } = announcer();
  for (let number = 1; number <= 60; number += 1) {
    speaking.stored(`roof ${number}.jpg`);
    mock.timers.tick(200);
  }
  mock.timers.tick(10_000);
  assert.deepEqual(node.said, ["roof 1.jpg is stored.", "24 files are stored.", "25 files are stored.", "10 files are stored."]);
});

test("photos that fail together are counted after the first, apart from those that are stored", () => {
  const { announcer: speaking, node } = announcer();
  for (const name of ["roof", "door", "gate"]) {
    speaking.failed(`${name}.jpg`, "It is no photo.");
    speaking.stored(`${name} too.jpg`);
  }
  mock.timers.tick(10_000);
  assert.deepEqual(node.said, [
    "roof.jpg was not sent. It is no photo.",
    "roof too.jpg is stored.",
    "2 files were not sent. The list says why of each.",
    "2 files are stored.",
  ]);
});

test("a photo that is stored alone is told of at once, by its name, also after others", () => {
  const { announcer: speaking, node } = announcer();
  speaking.stored("roof.jpg");
  speaking.stored("door.jpg");
  assert.deepEqual(node.said, ["roof.jpg is stored."]);
  mock.timers.tick(10_000);
  assert.deepEqual(node.said, ["roof.jpg is stored.", "door.jpg is stored."]);
  mock.timers.tick(10_000);
  speaking.stored("gate.jpg");
  assert.deepEqual(node.said.at(-1), "gate.jpg is stored.");
});

test("each sentence is read alone, and three stay", () => {
  const { announcer: speaking, node } = announcer();
  ["one", "two", "three", "four"].forEach((text) => speaking.say(text));
  assert.deepEqual([node.getAttribute("role"), node.getAttribute("aria-atomic"), node.childElementCount], ["status", "false", 3]);
});
