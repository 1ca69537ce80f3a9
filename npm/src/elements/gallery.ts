/**
 * `<windlass-gallery>`: a project's photos, newest first, and each of them large with what is known.
 *
 * Attributes: `endpoint`, `project`, `token-url`, `page-size` (1 to 100), `searchable`, `allow-edit`,
 * `allow-delete`, `live="off"`, `theme`. What anybody adds, changes or deletes is shown as it happens, and a photo
 * from its first smaller picture on, while its original is on its way. Events:
 * `windlass-photo-deleted` with `{photo}`, `windlass-live` with `{state}`.
 */
import { toWindlassError } from "../errors.js";
import type { Photo } from "../generated/Photo";
import type { LiveState } from "../live.js";
import { tell, translate } from "./base.js";
import { BrokenPictures } from "./broken-pictures.js";
import { adopt, element, plainList, setText } from "./dom.js";
import { factsStyles } from "./facts.styles.js";
import { GalleryAttributes } from "./gallery-attributes.js";
import { GalleryBar, sameFilter, type GalleryFilter } from "./gallery-bar.js";
import { GalleryFoot } from "./gallery-foot.js";
import { ANY_PHOTO, GalleryLive } from "./gallery-live.js";
import { skeleton } from "./gallery-notes.js";
import { galleryStrings, type GalleryStrings } from "./gallery.strings.js";
import { galleryStyles } from "./gallery.styles.js";
import { Neighbours } from "./neighbours.js";
import { PhotoDialog } from "./photo-dialog.js";
import { PhotoPages } from "./photo-pages.js";
import { PhotoTiles } from "./photo-tiles.js";
import { tokens } from "./tokens.styles.js";

/** So many changed photos are asked for one by one; more are a list. */
const FEW_PHOTOS = 3;

export class WindlassGallery extends GalleryAttributes {
  /** One object, which all parts share. */
  readonly #strings: GalleryStrings = { ...galleryStrings };
  #pages: PhotoPages | null = null;
  /** How often another function for tokens has come. */
  #tokenChanges = 0;
  #dialog: PhotoDialog | null = null;
  #bar: GalleryBar | null = null;
  #live: GalleryLive | null = null;
  #filter: GalleryFilter = {};
  /** Ids of photos that are deleted here. */
  readonly #removing = new Set<string>();
  readonly #broken = new BrokenPictures(() => this.refresh());
  #page: AbortController | null = null;

  readonly #root: ShadowRoot;
  readonly #grid = plainList({ class: "grid", part: "grid" });
  readonly #tiles = new PhotoTiles(this.#grid, this.#strings, {
    open: (photo) => this.#show(photo),
    loaded: (photo) => this.#broken.loaded(photo),
    broken: (photo) => this.#broken.broken(photo),
  });
  /** What could not be deleted after somebody had left it, or was deleted by others while he looked at it. */
  readonly #problem = element("p", { class: "problem late", role: "alert" });
  #foot: GalleryFoot;

  constructor() {
    super();
    this.#root = this.attachShadow({ mode: "open" });
    adopt(this.#root, [tokens, factsStyles, galleryStyles]);
    this.#foot = this.#makeFoot();
    this.#root.append(this.#grid, this.#foot.node, this.#problem);
  }

  /** Everything the element says; assign a changed copy to translate it. */
  get strings(): GalleryStrings {
    // The object itself would change under whoever has it.
    return { ...this.#strings };
  }
  set strings(value: Partial<GalleryStrings> | null | undefined) {
    if (!translate(this.#strings, galleryStrings, value) || !this.isConnected) {
      return;
    }
    if (this.photos.length === 0) {
      this.connectionChanged();
    } else {
      // An open dialog, where somebody may be writing, keeps its words until it is opened anew.
      this.#build();
      this.#bar?.show(this.#filter);
      this.#render();
    }
  }

  /** Which photos are shown; all of them when empty. */
  get filter(): GalleryFilter {
    return { ...this.#filter };
  }
  set filter(value: GalleryFilter | null | undefined) {
    const filter = Object.fromEntries(Object.entries(value ?? {}).filter(([, asked]) => asked !== undefined && asked !== ""));
    if (!sameFilter(filter, this.#filter)) {
      this.#filter = filter;
      this.#begin();
    }
  }

  /** How news reach the page: `live`, `polling` where streams do not get through. To assign it sets the attribute. */
  get live(): LiveState {
    return this.#live?.state ?? "stopped";
  }
  set live(value: string | null | undefined) {
    this.reflect("live", value);
  }

  /** The photos loaded so far. */
  get photos(): readonly Photo[] {
    return this.#pages?.photos ?? [];
  }

  /** Asks again for what is shown; resolves when the answer is on the page, also when it is an error. */
  async refresh(): Promise<void> {
    await this.#refresh();
  }

  override connectedCallback(): void {
    this.#page = new AbortController();
    document.addEventListener("windlass-photo", ({ detail }) => this.#stored(detail.photo), { signal: this.#page.signal });
    super.connectedCallback();
  }

  override disconnectedCallback(): void {
    this.#page?.abort();
    this.#live?.close();
    this.#live = null;
    this.#pages?.stop();
    super.disconnectedCallback();
  }

  protected override upgradableProperties(): readonly string[] {
    return [...super.upgradableProperties(), "allowDelete", "allowEdit", "searchable", "filter", "pageSize", "live"];
  }

  protected override tokenChanged(): void {
    this.#tokenChanges += 1;
    if (this.#pages?.lacksToken) {
      this.#begin();
    }
  }

  protected override connectionChanged(): void {
    this.#live?.close();
    this.#live = null;
    this.#dialog?.node.remove();
    this.#dialog = null;
    setText(this.#problem, "");
    this.#build();
    this.#begin();
  }

  /** Makes everything that has words, but for the dialog. */
  #build(): void {
    this.#tiles.clear();
    this.#bar?.node.remove();
    this.#bar = this.searchable ? new GalleryBar(this.#strings, (filter) => (this.filter = filter)) : null;
    if (this.#bar !== null) {
      this.#root.prepend(this.#bar.node);
    }
    this.#grid.setAttribute("aria-label", this.#strings.label);
    const foot = this.#makeFoot();
    this.#foot.node.replaceWith(foot.node);
    this.#foot = foot;
  }

  /** Shows the first photos that pass the filter. */
  #begin(): void {
    this.#pages?.stop();
    this.#pages = null;
    this.#broken.clear();
    this.#bar?.show(this.#filter);
    if (!this.configured || !this.isConnected) {
      return;
    }
    try {
      const pages = new PhotoPages(this.connect().photos, this.pageSize, this.#filter);
      this.#pages = pages;
      this.#showWaiting();
      void this.#load(pages, "more");
    } catch (thrown) {
      this.#foot.fail(toWindlassError(thrown), () => this.connectionChanged());
    }
  }

  /** Whether what is shown is as the service has it now. */
  async #refresh(): Promise<boolean> {
    return this.#pages === null || (await this.#load(this.#pages, "refresh"));
  }

  /**
   * The keyboard stays with who asked: it goes to the first photo that came, or to what there is to press instead.
   * Resolves to whether the service answered, or nobody waits for it any more.
   */
  async #load(pages: PhotoPages, step: "more" | "refresh"): Promise<boolean> {
    const [known, tokenChanges] = [new Set(pages.photos.map(({ photo_id }) => photo_id)), this.#tokenChanges];
    if (step === "more") {
      this.#foot.isLoading = true;
    }
    const error = await pages[step]().then(() => null, toWindlassError);
    if (pages !== this.#pages || error?.code === "cancelled") {
      return true;
    }
    if (pages.lacksToken && tokenChanges !== this.#tokenChanges) {
      // The function that gave none is not the one at hand any more.
      return this.#load(pages, step);
    }
    if (step === "more") {
      this.#foot.isLoading = false;
    }
    const hadFocus = this.#foot.holds(this.#root.activeElement);
    if (error !== null) {
      this.#render();
      this.#foot.fail(error, () => void this.#load(pages, step));
      if (step === "more") {
        this.#dialog?.say(this.#strings.error(error));
      }
      if (hadFocus) {
        this.#foot.focus();
      }
      return false;
    }
    // What was heard of meanwhile stands above the last that was there, which itself may be gone.
    const came = pages.photos.slice(pages.photos.map(({ photo_id }) => known.has(photo_id)).lastIndexOf(true) + 1);
    if (step === "more" && known.size === 0) {
      this.#foot.found(pages);
    } else {
      this.#foot.succeeded(step === "more" ? came.length : 0);
    }
    this.#render();
    const next = came[0] ?? pages.photos.at(-1);
    if (hadFocus && next !== undefined && (step === "more" || !this.#foot.holds(this.#root.activeElement))) {
      this.#tiles.focus(next);
    }
    this.#listen(pages);
    await this.#updateOpen(pages);
    return true;
  }

  #render(): void {
    const pages = this.#pages;
    if (pages === null) {
      return;
    }
    this.#bar?.offer(pages.photos.flatMap(({ tags }) => tags));
    this.#grid.classList.remove("waiting", "stale");
    this.#grid.removeAttribute("aria-hidden");
    this.#tiles.show(pages.photos);
    this.#foot.show(pages);
    this.#dialog?.showSteps();
  }

  #makeFoot(): GalleryFoot {
    return new GalleryFoot(this.#strings, () => this.#pages && void this.#load(this.#pages, "more"));
  }

  /** What was shown stays, dimmed, until there is something else to show. */
  #showWaiting(): void {
    if (!this.#tiles.isEmpty) {
      this.#grid.classList.add("stale");
      return;
    }
    this.#grid.classList.add("waiting");
    this.#grid.setAttribute("aria-hidden", "true");
    this.#grid.replaceChildren(...skeleton());
    this.#foot.wait();
  }

  /** An uploader of this page is faster than the stream. Where its token may not read, the service shows this gallery more. */
  #stored(photo: Photo): void {
    const pages = this.#pages;
    if (pages?.isWhole && pages.latestEvent !== null && photo.project_id === this.connect().project) {
      if (photo.url === null) {
        void this.#changed([photo.photo_id]);
      } else {
        pages.put(photo);
        this.#render();
      }
    }
  }

  /** Follows what happens since the first page was loaded; under another filter it goes on as it is. */
  #listen(pages: PhotoPages): void {
    if (this.#live !== null || pages.latestEvent === null || this.getAttribute("live") === "off") {
      return;
    }
    this.#live = new GalleryLive(this.connect().photos, {
      changed: (photoIds) => this.#changed(photoIds),
      gone: (photoId) => this.#gone(photoId),
      state: (state) => tell(this, "windlass-live", { state }),
    });
    this.#live.start(pages.latestEvent);
  }

  async #changed(photoIds: readonly string[]): Promise<readonly string[]> {
    const pages = this.#pages;
    if (pages === null) {
      return [];
    }
    let missed: readonly string[];
    // Whether a photo passes the filter only the service knows.
    if (!pages.isWhole || photoIds.length > FEW_PHOTOS || photoIds.includes(ANY_PHOTO)) {
      missed = (await this.#refresh()) ? [] : photoIds;
    } else {
      missed = await pages.learn(photoIds);
      if (pages === this.#pages) {
        this.#render();
        await this.#updateOpen(pages);
      }
    }
    return missed;
  }

  async #updateOpen(pages: PhotoPages): Promise<void> {
    const open = this.#dialog?.photo?.photo_id;
    if (open === undefined) {
      return;
    }
    // One that is not listed any more does not pass the filter now, or was deleted and nobody heard of it.
    const now = pages.photos.find(({ photo_id }) => photo_id === open) ?? (await pages.find(open));
    if (now) {
      this.#dialog?.update(now);
    } else if (now === null) {
      this.#gone(open);
    }
  }

  /** Whoever was on it, in the dialog or in the grid, is on the next one. */
  #gone(photoId: string, next = this.#pages?.beside(photoId)): void {
    const dialog = this.#dialog;
    const shown = dialog?.photo?.photo_id === photoId ? dialog.photo : null;
    const isOwn = this.#removing.has(photoId);
    const isLeft = shown !== null && (isOwn || !dialog?.keepsDraft());
    const hadFocus = isLeft || this.#tiles.holds(photoId, this.#root.activeElement);
    this.#pages?.drop(photoId);
    if (isLeft) {
      dialog?.close();
      setText(this.#problem, isOwn ? "" : this.#strings.removedMeanwhile(shown.filename));
    }
    this.#render();
    if (hadFocus) {
      this.#tiles.focus(next);
    }
  }

  #show(photo: Photo): void {
    if (!this.#dialog?.node.open) {
      this.#dialog?.node.remove();
      this.#dialog = this.#makeDialog();
      this.#root.append(this.#dialog.node);
    }
    setText(this.#problem, "");
    this.#dialog.show(photo, { mayRemove: this.allowDelete, mayEdit: this.allowEdit });
  }

  #makeDialog(): PhotoDialog {
    const neighbours = new Neighbours(() => this.#pages);
    const dialog = new PhotoDialog(this.#strings, {
      open: (photo) => this.#show(photo),
      beside: (photo) => neighbours.of(photo),
      more: async () => this.#pages !== null && this.#load(this.#pages, "more"),
      renew: (photo) => this.connect().photos.get(photo.photo_id, { arriving: true }),
      save: async (photo, changes) => {
        const changed = await this.connect().photos.update(photo.photo_id, changes);
        this.#pages?.put(changed);
        this.#render();
        dialog.update(changed);
      },
      find: !this.searchable
        ? null
        : (label) => {
            dialog.close();
            this.filter = { label };
          },
      remove: async (photo) => {
        const next = this.#pages?.beside(photo.photo_id);
        this.#removing.add(photo.photo_id);
        try {
          await this.connect().photos.delete(photo.photo_id);
        } catch (thrown) {
          if (!this.#pages?.isGone(photo.photo_id)) {
            this.#removing.delete(photo.photo_id);
            throw thrown;
          }
          // Only the answer was lost.
        }
        // The stream may have said so before, and the dialog show another photo by now.
        this.#gone(photo.photo_id, next);
        tell(this, "windlass-photo-deleted", { photo });
      },
      notRemoved: ({ filename }, reason) => {
        const text = this.#strings.notRemoved(filename, reason);
        setText(this.#problem, text);
        this.#dialog?.say(text);
      },
      closed: (photo) => {
        const { previous, next } = neighbours.of(photo);
        this.#tiles.focus(photo, next, previous);
      },
    });
    return dialog;
  }
}
