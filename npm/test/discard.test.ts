/** What `<windlass-uploader>` asks before it gives an unsent file up, and what clearing its list leaves. */
import assert from "node:assert/strict";
import { after, afterEach, beforeEach, mock, test } from "node:test";

import type { Windlass } from "../src/client.js";
import { discardButton } from "../src/elements/discard-button.js";
import { UploadList } from "../src/elements/upload-list.js";
import type { UploadRow } from "../src/elements/upload-row.js";
import { WindlassError } from "../src/errors.js";
import { Upload } from "../src/upload.js";

/** As much of an element as a button needs. */
class FakeNode extends EventTarget {
  readonly attributes = new Map<string, string>();
  readonly classes = new Set<string>();
  readonly classList = { add: (name: string) => this.classes.add(name), remove: (name: string) => this.classes.delete(name) };
  childNodes: unknown[] = [];

  setAttribute(name: string, value: string): void {
    this.attributes.set(name, value);
  }

  append(...children: unknown[]): void {
    this.childNodes.push(...children);
  }

  replaceChildren(...children: unknown[]): void {
    this.childNodes = children;
  }

  remove(): void {
    // Nobody looks where it was.
  }

  /** The words that are seen on it. */
  get words(): string {
    return this.childNodes.map((child) => (child instanceof FakeNode ? child.words : String(child))).join("");
  }
}

class FakeDocument extends EventTarget {
  createElement = (): FakeNode => new FakeNode();
  createElementNS = (): FakeNode => new FakeNode();
}

const global = globalThis as unknown as Record<string, unknown>;
const before = global["document"];
const page = new FakeDocument();
global["document"] = page;
after(() => {
  global["document"] = before;
});
beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
afterEach(() => mock.timers.reset());

const WORDS = { label: "Cancel roof.jpg", discard: "Discard?", question: "Discard? roof.jpg is not sent yet." };

function aButton() {
  const said: string[] = [];
  let discarded = 0;
  let now = 0;
  const made = discardButton(WORDS, (text) => said.push(text), () => (discarded += 1));
  const node = made as unknown as FakeNode;
  return {
    said,
    discarded: () => discarded,
    asks: () => node.words === WORDS.discard && node.attributes.get("aria-label") === WORDS.question,
    rests: () => node.words === "" && node.attributes.get("aria-label") === WORDS.label && !node.classes.has("danger"),
    /** `detail`: which click of a double click; 0 from the keyboard. `afterMs`: so long after the one before. */
    press: (detail = 1, afterMs = 1_000) => {
      now += afterMs;
      node.dispatchEvent(Object.defineProperties(new Event("click"), { detail: { value: detail }, timeStamp: { value: now } }));
    },
    pressKey: (key: string, repeat: boolean) => node.dispatchEvent(Object.assign(new Event("keydown", { cancelable: true }), { key, repeat })),
    /** The page hears of it after the button, and of one elsewhere alone. */
    touch: (isHere: boolean) => {
      if (!isHere) {
        page.dispatchEvent(new Event("pointerdown"));
        return;
      }
      const event = new Event("pointerdown");
      node.dispatchEvent(event);
      page.dispatchEvent(event);
    },
    leave: () => node.dispatchEvent(new Event("blur")),
  };
}

test("the first press on an unsent file asks, in the button's words and aloud; the second discards it", () => {
  const button = aButton();
  assert.ok(button.rests());
  button.press();
  assert.ok(button.asks());
  assert.deepEqual([button.discarded(), button.said], [0, [WORDS.question]]);
  button.touch(true);
  assert.ok(button.asks(), "the finger that answers is no press elsewhere");
  button.press();
  assert.equal(button.discarded(), 1);
  assert.ok(button.rests());
});

test("a double click, a double tap and a key that is held down only ask", () => {
  const button = aButton();
  button.press(1);
  button.press(2, 100);
  button.press(1, 100);
  assert.deepEqual([button.discarded(), button.asks()], [0, true]);
  assert.equal(button.pressKey("Enter", true), false, "the browser makes no click of it");
  assert.equal(button.pressKey("Enter", false), true);
  assert.equal(button.pressKey("Tab", true), true);
  button.press(0);
  assert.equal(button.discarded(), 1);
});

test("whoever has taken a question back is asked again, however soon he presses", () => {
  const button = aButton();
  button.press();
  button.touch(false);
  button.press(1, 100);
  assert.ok(button.asks());
  button.press(1, 100);
  assert.deepEqual([button.discarded(), button.asks()], [0, true]);
  button.leave();
});

test("a press elsewhere, leaving the button and eight seconds take the question back", () => {
  const button = aButton();
  for (const takeBack of [() => button.touch(false), () => button.leave(), () => mock.timers.tick(8_000)]) {
    button.press();
    assert.ok(button.asks());
    takeBack();
    assert.ok(button.rests());
  }
  mock.timers.tick(7_000);
  button.press();
  mock.timers.tick(7_000);
  assert.ok(button.asks(), "each question stands for its own time");
  assert.equal(button.discarded(), 0);
});

test("clearing the list takes away what is stored, and cancels nothing that was not sent", () => {
  const cancelled: Upload[] = [];
  const commands = { pause: () => {}, resume: () => {}, cancel: (upload: Upload) => cancelled.push(upload), retry: (upload: Upload) => upload };
  const list = new UploadList(() => ({ node: new FakeNode() }) as unknown as UploadRow);
  const [stored, refused, underWay] = ["stored", "refused", "under way"].map((name) => {
    const upload = new Upload(commands, name, new File([name], name), name);
    list.add(upload, { endpoint: "https://photos.example.com", project: "job-1" } as Windlass);
    return upload;
  });
  stored?.succeed({} as never);
  refused?.fail(new WindlassError("quota_exceeded", "The company's storage is full."));
  list.clear();
  assert.deepEqual(list.uploads, [refused, underWay]);
  assert.deepEqual(cancelled, []);
});
