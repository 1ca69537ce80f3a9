/** Building DOM without markup: names of files are hostile, and pages may require Trusted Types. */

type Child = Node | string | null;

/** Attributes by name; `true` sets an empty one, `false` none. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string | boolean> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) {
      node.setAttribute(name, value === true ? "" : value);
    }
  }
  node.append(...children.filter((child): child is Node | string => child !== null));
  return node;
}

/** A list without marks, which Safari's reader does not take for a list unless that is said. */
export function plainList(attributes: Record<string, string>, ...items: Child[]): HTMLUListElement {
  return element("ul", { role: "list", ...attributes }, ...items);
}

/** A button with an icon, and its words either shown or as its accessible name. */
export function button(
  { label, icon: iconName, showLabel = false, ...attributes }: { label: string; icon?: IconName; showLabel?: boolean; class: string; part?: string },
  onClick?: () => void,
): HTMLButtonElement {
  const node = element(
    "button",
    { type: "button", ...attributes, ...(showLabel ? {} : { "aria-label": label, title: label }) },
    iconName === undefined ? null : icon(iconName),
    showLabel ? element("span", {}, label) : null,
  );
  if (onClick !== undefined) {
    node.addEventListener("click", onClick);
  }
  return node;
}

/** A button whose work is under way: who is told of a click asks. Disabled it would lose the keyboard. */
export function isBusy(node: HTMLButtonElement): boolean {
  return node.getAttribute("aria-disabled") === "true";
}

export function setBusy(node: HTMLButtonElement, busy: boolean): void {
  node.setAttribute("aria-disabled", String(busy));
}

export type IconName = keyof typeof ICONS;

/** Strokes on a grid of 24 × 24. */
const ICONS = {
  add: "M12 5v14M5 12h14",
  archive: "M4 4h16v5H4zM5 9v11h14V9M10 13h4",
  camera: "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 16.5a3.25 3.25 0 1 0 0-6.5 3.25 3.25 0 0 0 0 6.5z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  clock: "M12 7.5V12l3 2M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17z",
  close: "M6 6l12 12M18 6L6 18",
  document: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  next: "M9 5l7 7-7 7",
  pause: "M9 6v12M15 6v12",
  photo: "M4 5h16v14H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 5M15.5 9.5h.01",
  play: "M8 5.5v13l10-6.5z",
  previous: "M15 5l-7 7 7 7",
  retry: "M19 12a7 7 0 1 1-2.1-5M19 4v4h-4",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  video: "M4 6h11v12H4zM15 10.5l5-3v9l-5-3",
  warning: "M12 4l9 16H3zM12 10v4.5M12 17.2h.01",
} as const;

const SVG = "http://www.w3.org/2000/svg";

/** Decoration: what it means is said in words beside it. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** Changes text only where it differs, so that live regions and selections are left alone. */
export function setText(node: Element, text: string): void {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}

/** Makes these the children. Those that look the same already stay: with them the keyboard, and text that is selected. */
export function replaceChanged(parent: Element, nodes: readonly Element[]): void {
  for (const [position, node] of nodes.entries()) {
    const there = parent.children[position];
    if (there === undefined) {
      parent.append(node);
    } else if (!there.isEqualNode(node)) {
      there.replaceWith(node);
    }
  }
  while (parent.children.length > nodes.length) {
    parent.lastElementChild?.remove();
  }
}

/** Makes these the children of a list. Only what moved is moved: focus and loading pictures stay undisturbed. */
export function arrange(list: Element, nodes: readonly Element[]): void {
  const kept = new Set(nodes);
  for (const stale of [...list.children].filter((child) => !kept.has(child))) {
    stale.remove();
  }
  for (const [position, node] of nodes.entries()) {
    if (list.children[position] !== node) {
      list.insertBefore(node, list.children[position] ?? null);
    }
  }
}

const sheets = new Map<string, CSSStyleSheet>();

/**
 * Constructed style sheets: allowed by `style-src 'self'`, and shared by all elements of a kind. Safari before 16.4 has
 * none of them. There the styles are in the element, where that policy lets them have no effect.
 */
export function adopt(root: ShadowRoot, styles: readonly string[]): void {
  if (!("replaceSync" in CSSStyleSheet.prototype)) {
    root.append(...styles.map((text) => element("style", {}, text)));
    return;
  }
  root.adoptedStyleSheets = styles.map((text) => {
    let sheet = sheets.get(text);
    if (sheet === undefined) {
      sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      sheets.set(text, sheet);
    }
    return sheet;
  });
}

/**
 * A button that had the keyboard and is hidden hands it on: to the one that took its place in a group, or else where
 * `otherwise` puts it. Some browsers take it away as soon as the button is hidden, others with the next frame.
 */
export function handOnKeyboard(root: ShadowRoot, held: Element | null, group: string, otherwise: () => void): void {
  const now = root.activeElement;
  if (held?.closest("[hidden]") && (now === null || now === held)) {
    const instead = held.closest(`${group}:not([hidden]) ${group}-buttons`)?.querySelector<HTMLElement>(":scope > :not([hidden])");
    if (instead) {
      instead.focus();
    } else {
      otherwise();
    }
  }
}

/**
 * Before a line of a list disappears: the keyboard goes to the nearest one after it where there is something to press,
 * or else before it, not to the top. Whether there is one.
 */
export function focusBeside(line: Element): boolean {
  for (const step of ["nextElementSibling", "previousElementSibling"] as const) {
    for (let other = line[step]; other !== null; other = other[step]) {
      const found = other.querySelector<HTMLElement>("button, details:not([hidden]) > summary");
      if (found !== null) {
        found.focus();
        return true;
      }
    }
  }
  return false;
}
