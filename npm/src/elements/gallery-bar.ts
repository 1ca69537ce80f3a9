/** The search bar of `<windlass-gallery>`: words, kind, status and label. */
import type { ListOptions } from "../api.js";
import { button, element } from "./dom.js";
import type { GalleryStrings } from "./gallery.strings.js";

/** Which photos the gallery shows: what `photos.list` takes, without pages. */
export type GalleryFilter = Omit<ListOptions, "cursor" | "limit" | "signal">;

/** How long a person may think between two letters. */
const TYPING_MS = 300;
/** More words the service does not take. */
const MAX_WORDS = 8;
const KINDS = ["photo", "video", "document", "archive"] as const;
const STATUSES = ["uploaded", "processing", "completed", "failed", "quarantined"] as const;

export class GalleryBar {
  readonly node: HTMLFormElement;
  readonly #strings: GalleryStrings;
  readonly #words: HTMLInputElement;
  readonly #kind: HTMLSelectElement;
  readonly #status: HTMLSelectElement;
  readonly #label: HTMLSelectElement;
  readonly #clear: HTMLButtonElement;
  readonly #changed: (filter: GalleryFilter) => void;
  readonly #labels = new Set<string>();
  #filter: GalleryFilter = {};
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(strings: GalleryStrings, changed: (filter: GalleryFilter) => void) {
    this.#strings = strings;
    this.#changed = changed;
    this.#words = element("input", {
      type: "search",
      class: "field words",
      placeholder: strings.search,
      "aria-label": strings.search,
      enterkeyhint: "search",
      autocomplete: "off",
    });
    this.#kind = select(strings.kindLabel, [["", strings.anyKind], ...KINDS.map((kind) => [kind, strings.kindText(kind)] as const)]);
    this.#status = select(strings.statusLabel, [
      ["", strings.anyStatus],
      ...STATUSES.map((status) => [status, strings.statusName(status)] as const),
    ]);
    this.#label = select(strings.tagLabel, [["", strings.anyTag]]);
    this.#clear = button({ label: strings.clear, icon: "close", class: "symbol clear" }, () => {
      this.#changed({});
      // The button is hidden now: the keyboard stays in the search.
      this.#words.focus();
    });
    this.node = element(
      "form",
      { class: "search", role: "search", part: "search" },
      this.#words,
      this.#clear,
      this.#kind,
      this.#status,
      this.#label,
    );
    this.node.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#tell();
    });
    this.#words.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#tell(), TYPING_MS);
    });
    for (const chosen of [this.#kind, this.#status, this.#label]) {
      chosen.addEventListener("change", () => this.#tell());
    }
  }

  /** What is in the fields follows the filter, whoever set it. */
  show(filter: GalleryFilter): void {
    clearTimeout(this.#typing);
    this.#filter = filter;
    if (wordsOf(this.#words.value) !== (filter.q ?? "")) {
      this.#words.value = filter.q ?? "";
    }
    this.#kind.value = filter.kind ?? "";
    this.#status.value = filter.status ?? "";
    this.offer(filter.label === undefined ? [] : [filter.label]);
    this.#label.value = [...this.#labels].find((label) => sameLabel(label, filter.label)) ?? "";
    this.#clear.hidden = Object.keys(filter).length === 0;
  }

  /** Labels to choose from: those that were seen. */
  offer(labels: readonly string[]): void {
    const before = this.#labels.size;
    const known = new Set([...this.#labels].map((label) => label.toLowerCase()));
    for (const label of labels) {
      if (!known.has(label.toLowerCase())) {
        known.add(label.toLowerCase());
        this.#labels.add(label);
      }
    }
    if (this.#labels.size === before && this.#label.options.length > 1) {
      return;
    }
    const chosen = this.#label.value;
    const sorted = [...this.#labels].sort((a, b) => a.localeCompare(b));
    this.#label.replaceChildren(option("", this.#strings.anyTag), ...sorted.map((label) => option(label, label)));
    this.#label.value = chosen;
    this.#label.hidden = sorted.length === 0;
  }

  #tell(): void {
    clearTimeout(this.#typing);
    const { q: _q, kind: _kind, status: _status, label: _label, ...kept } = this.#filter;
    const q = wordsOf(this.#words.value);
    const filter: GalleryFilter = {
      ...kept,
      ...(q !== "" && { q }),
      ...(this.#kind.value !== "" && { kind: this.#kind.value as NonNullable<GalleryFilter["kind"]> }),
      ...(this.#status.value !== "" && { status: this.#status.value as NonNullable<GalleryFilter["status"]> }),
      ...(this.#label.value !== "" && { label: this.#label.value }),
    };
    if (!sameFilter(filter, this.#filter)) {
      this.#changed(filter);
    }
  }
}

export function sameFilter(one: GalleryFilter, other: GalleryFilter): boolean {
  const text = (filter: GalleryFilter): string => JSON.stringify(Object.entries(filter).sort(([a], [b]) => (a < b ? -1 : 1)));
  return text(one) === text(other);
}

/** What of a person's words the service takes: punctuation alone is not searched for. */
export function wordsOf(text: string): string {
  return text
    .split(/\s+/u)
    .filter((word) => /[\p{L}\p{N}]/u.test(word))
    .slice(0, MAX_WORDS)
    .join(" ");
}

function sameLabel(one: string, other: string | undefined): boolean {
  return one.toLowerCase() === other?.toLowerCase();
}

function select(label: string, options: readonly (readonly [string, string])[]): HTMLSelectElement {
  return element("select", { class: "field", "aria-label": label }, ...options.map(([value, text]) => option(value, text)));
}

function option(value: string, text: string): HTMLOptionElement {
  return element("option", { value }, text);
}
