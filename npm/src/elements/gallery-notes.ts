/** What `<windlass-gallery>` says where photos would be: that they come, that there are none, what went wrong. */
import { button, element, icon, isBusy, setBusy } from "./dom.js";
import type { GalleryStrings } from "./gallery.strings.js";

const SKELETON_TILES = 6;

/** Places of photos that are on their way. */
export function skeleton(): HTMLLIElement[] {
  return Array.from({ length: SKELETON_TILES }, () => element("li", {}, element("div", { class: "tile" })));
}

export function nothingThere(strings: GalleryStrings, isWhole: boolean): HTMLElement {
  return isWhole
    ? message("photo", strings.emptyTitle, strings.emptyText, "empty")
    : message("photo", strings.noMatchTitle, strings.noMatchText, "empty");
}

/** An error, and a button to try again. */
export function failed(strings: GalleryStrings, text: string, retry: () => void): HTMLElement {
  const node = message("warning", strings.errorTitle, text, "failed");
  const again = button({ label: strings.retry, icon: "retry", showLabel: true, class: "secondary" }, () => {
    if (!isBusy(again)) {
      setBusy(again, true);
      retry();
    }
  });
  node.append(again);
  return node;
}

function message(iconName: "photo" | "warning", title: string, text: string, kind: string): HTMLDivElement {
  return element(
    "div",
    { class: `message ${kind}`, part: `message ${kind}` },
    icon(iconName),
    element("h2", {}, title),
    element("p", {}, text),
  );
}
