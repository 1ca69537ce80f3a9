/** What a person sees of `<windlass-gallery>` and does there. */

import assert from "node:assert/strict";

import { eventually } from "./eventually.mjs";

export class Gallery {
  constructor(page) {
    this.page = page;
    this.node = page.locator("windlass-gallery");
    this.dialog = page.locator("windlass-gallery dialog[open]");
    this.caption = page.getByRole("textbox", { name: "Caption" });
  }

  names = () => this.node.evaluate(({ photos }) => photos.map(({ filename }) => filename));

  /** The name of the photo that is open. */
  title = () => this.dialog.locator("h2").textContent();

  /** What has the keyboard: its name. */
  focused = () =>
    this.node.evaluate(({ shadowRoot: { activeElement } }) => activeElement?.getAttribute("aria-label") ?? activeElement?.textContent ?? null);

  /** How news reach it. */
  live = () => this.node.evaluate(({ live }) => live);

  /** Waits until it hears what happens. */
  isLive() {
    return eventually("the gallery is live", this.live, (live) => live === "live");
  }

  /** Waits until it shows what it is to hear at once: it has a stream, and asks for nothing every few seconds. */
  async hears(what, probe, accept) {
    const value = await eventually(what, probe, accept);
    assert.equal(await this.live(), "live", what);
    return value;
  }

  /** Waits until the page has made of what it heard whatever it does: that is before it paints again. */
  painted() {
    return this.page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  }

  async open(name) {
    await this.page.getByRole("button", { name: `Open ${name}` }).click();
    await this.dialog.waitFor();
  }

  /** Begins to edit the open photo, and writes a caption if one is given. */
  async edit(caption) {
    await this.dialog.locator("button.edit").click();
    if (caption !== undefined) await this.caption.fill(caption);
  }
}
