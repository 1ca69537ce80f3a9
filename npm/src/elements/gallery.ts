/**
 * `<windlass-gallery>`: a project's photos, newest first, and each of them large with what is known.
 *
 * Attributes: `endpoint`, `project`, `token-url`, `page-size` (1 to 100), `allow-delete`, `theme`. A
 * photo stored by an uploader on the page appears by itself; for others call `refresh()`. Event:
 * `windlass-photo-deleted` with `{photo}`.
 */
import { toWindlassError, type WindlassError } from "../errors.js";
import type { Photo } from "../generated/Photo";
import { tell, WindlassElement } from "./base.js";
import { adopt, button, element, icon } from "./dom.js";
import { factsStyles } from "./facts.styles.js";
import { galleryStrings, type GalleryStrings } from "./gallery.strings.js";
import { galleryStyles } from "./gallery.styles.js";
import { PhotoDialog } from "./photo-dialog.js";
import { PhotoPages } from "./photo-pages.js";
import { PhotoTile } from "./photo-tile.js";
import { tokens } from "./tokens.styles.js";

const DEFAULT_PAGE_SIZE = 48;
const SKELETON_TILES = 6;

export class WindlassGallery extends WindlassElement {
  static override readonly observedAttributes = [...WindlassElement.observedAttributes, "page-size"];

  #strings: GalleryStrings = galleryStrings;
  #pages: PhotoPages | null = null;
  #dialog: PhotoDialog | null = null;
  readonly #tiles = new Map<string, PhotoTile>();
  /** Photos whose picture did not load, asked for anew once; ids. */
  readonly #broken = new Set<string>();
  #renewing = false;
  #page: AbortController | null = null;

  readonly #root: ShadowRoot;
  readonly #grid = element("ul", { class: "grid", part: "grid" });
  readonly #foot = element("div", { "aria-live": "polite" });

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: "open" });
    adopt(this.#root, [tokens, factsStyles, galleryStyles]);
    this.#root.append(this.#grid, this.#foot);
  }

  /** Everything the element says; assign a changed copy to translate it. */
  get strings(): GalleryStrings {
    return this.#strings;
  }
  set strings(value: Partial<GalleryStrings>) {
    this.#strings = { ...galleryStrings, ...value };
    if (this.isConnected) {
      this.connectionChanged();
    }
  }

  get allowDelete(): boolean {
    return this.hasAttribute("allow-delete");
  }
  set allowDelete(value: boolean) {
    this.toggleAttribute("allow-delete", value);
  }

  get pageSize(): number {
    const asked = Number(this.getAttribute("page-size") ?? DEFAULT_PAGE_SIZE);
    return Number.isFinite(asked) ? Math.max(1, Math.min(100, Math.round(asked))) : DEFAULT_PAGE_SIZE;
  }
  set pageSize(value: number) {
    this.setAttribute("page-size", String(value));
  }

  /** The photos loaded so far. */
  get photos(): readonly Photo[] {
    return this.#pages?.photos ?? [];
  }

  /** Asks again for what is shown; resolves when the answer is on the page, also when it is an error. */
  async refresh(): Promise<void> {
    const pages = this.#pages;
    if (pages !== null) {
      await this.#load(pages, () => pages.refresh());
    }
  }

  override connectedCallback(): void {
    this.#page = new AbortController();
    document.addEventListener("windlass-photo", ({ detail }) => this.#stored(detail.photo), { signal: this.#page.signal });
    super.connectedCallback();
  }

  override disconnectedCallback(): void {
    this.#page?.abort();
    this.#pages?.stop();
    super.disconnectedCallback();
  }

  protected override upgradableProperties(): readonly string[] {
    return [...super.upgradableProperties(), "allowDelete", "pageSize"];
  }

  protected override connectionChanged(): void {
    this.#pages?.stop();
    this.#pages = null;
    this.#tiles.clear();
    this.#broken.clear();
    this.#dialog?.node.remove();
    this.#dialog = this.#makeDialog();
    this.#root.append(this.#dialog.node);
    this.#grid.setAttribute("aria-label", this.#strings.label);
    this.#grid.replaceChildren();
    this.#foot.replaceChildren();
    if (!this.configured) {
      return;
    }
    try {
      const pages = new PhotoPages(this.connect().photos, this.pageSize);
      this.#pages = pages;
      this.#showSkeleton();
      void this.#load(pages, () => pages.more());
    } catch (thrown) {
      this.#showError(toWindlassError(thrown), () => this.connectionChanged());
    }
  }

  async #load(pages: PhotoPages, step: () => Promise<void>): Promise<void> {
    try {
      await step();
      if (pages === this.#pages) {
        this.#render();
      }
    } catch (thrown) {
      const error = toWindlassError(thrown);
      if (pages === this.#pages && error.code !== "cancelled") {
        this.#render();
        this.#showError(error, () => void this.#load(pages, step));
      }
    }
  }

  #render(): void {
    const pages = this.#pages;
    if (pages === null) {
      return;
    }
    this.#grid.classList.remove("waiting");
    this.#grid.removeAttribute("aria-hidden");
    const known = new Set(pages.photos.map(({ photo_id }) => photo_id));
    for (const photoId of [...this.#tiles.keys()].filter((each) => !known.has(each))) {
      this.#tiles.delete(photoId);
    }
    const nodes = pages.photos.map((photo) => this.#tileFor(photo).node);
    const kept = new Set<Element>(nodes);
    for (const stale of [...this.#grid.children].filter((child) => !kept.has(child))) {
      stale.remove();
    }
    for (const [position, node] of nodes.entries()) {
      // Only what moved is moved: focus and loading pictures stay undisturbed.
      if (this.#grid.children[position] !== node) {
        this.#grid.insertBefore(node, this.#grid.children[position] ?? null);
      }
    }
    this.#renderFoot(pages);
  }

  #renderFoot(pages: PhotoPages): void {
    const strings = this.#strings;
    if (pages.photos.length === 0) {
      this.#foot.replaceChildren(this.#message("photo", strings.emptyTitle, strings.emptyText, "empty"));
    } else if (pages.hasMore) {
      const more = button({ label: strings.more, showLabel: true, class: "secondary", part: "button more" }, () => {
        more.disabled = true;
        void this.#load(pages, () => pages.more());
      });
      this.#foot.replaceChildren(element("div", { class: "more" }, more));
    } else {
      this.#foot.replaceChildren();
    }
  }

  #showSkeleton(): void {
    this.#grid.classList.add("waiting");
    this.#grid.setAttribute("aria-hidden", "true");
    this.#grid.replaceChildren(
      ...Array.from({ length: SKELETON_TILES }, () => element("li", {}, element("div", { class: "tile" }))),
    );
    this.#foot.replaceChildren(element("p", { class: "visually-hidden" }, this.#strings.loading));
  }

  #showError(error: WindlassError, retry: () => void): void {
    const message = this.#message("warning", this.#strings.errorTitle, this.#strings.error(error), "failed");
    const again = button({ label: this.#strings.retry, icon: "retry", showLabel: true, class: "secondary" }, () => {
      again.disabled = true;
      retry();
    });
    message.append(again);
    this.#foot.replaceChildren(message);
  }

  #message(iconName: "photo" | "warning", title: string, text: string, kind: string): HTMLDivElement {
    return element(
      "div",
      { class: `message ${kind}`, part: `message ${kind}` },
      icon(iconName),
      element("h2", {}, title),
      element("p", {}, text),
    );
  }

  #tileFor(photo: Photo): PhotoTile {
    const known = this.#tiles.get(photo.photo_id);
    if (known !== undefined) {
      known.update(photo);
      return known;
    }
    const tile = new PhotoTile(photo, this.#strings, {
      open: (which) => this.#dialog?.show(which, this.allowDelete),
      loaded: (which) => this.#broken.delete(which.photo_id),
      broken: (which) => this.#renew(which),
    });
    this.#tiles.set(photo.photo_id, tile);
    return tile;
  }

  #stored(photo: Photo): void {
    const pages = this.#pages;
    if (pages !== null && photo.project_id === this.connect().project) {
      pages.put(photo);
      this.#render();
    }
  }

  /** Many pictures expire together and are asked for together; one that fails with a fresh address stays an icon. */
  #renew(photo: Photo): void {
    const fresh = !this.#broken.has(photo.photo_id);
    this.#broken.add(photo.photo_id);
    if (!fresh || this.#renewing) {
      return;
    }
    this.#renewing = true;
    void this.refresh().finally(() => {
      this.#renewing = false;
    });
  }

  #makeDialog(): PhotoDialog {
    const neighbour = (photo: Photo, by: -1 | 1): Photo | undefined => {
      const position = this.photos.findIndex(({ photo_id }) => photo_id === photo.photo_id);
      return position < 0 ? undefined : this.photos[position + by];
    };
    const dialog = new PhotoDialog(this.#strings, {
      step: (by) => {
        const next = dialog.photo && neighbour(dialog.photo, by);
        if (next) {
          dialog.show(next, this.allowDelete);
        }
      },
      steps: (photo) => ({ previous: neighbour(photo, -1) !== undefined, next: neighbour(photo, 1) !== undefined }),
      renew: (photo) => this.connect().photos.get(photo.photo_id),
      remove: async (photo) => {
        await this.connect().photos.delete(photo.photo_id);
        const next = neighbour(photo, 1) ?? neighbour(photo, -1);
        this.#pages?.drop(photo.photo_id);
        dialog.close();
        this.#render();
        if (next !== undefined) {
          this.#tiles.get(next.photo_id)?.focus();
        }
        tell(this, "windlass-photo-deleted", { photo });
      },
      closed: (photo) => this.#tiles.get(photo.photo_id)?.focus(),
    });
    return dialog;
  }
}
