/** What the attributes of `<windlass-gallery>` say, as properties. */
import { WindlassElement } from "./base.js";

const DEFAULT_PAGE_SIZE = 48;

export abstract class GalleryAttributes extends WindlassElement {
  static override readonly observedAttributes: readonly string[] = [
    ...WindlassElement.observedAttributes,
    "page-size",
    "searchable",
    "live",
  ];

  get allowDelete(): boolean {
    return this.hasAttribute("allow-delete");
  }
  set allowDelete(value: boolean | null | undefined) {
    this.toggleAttribute("allow-delete", value ?? false);
  }

  get pageSize(): number {
    const asked = Number(this.getAttribute("page-size") ?? DEFAULT_PAGE_SIZE);
    return Number.isFinite(asked) ? Math.max(1, Math.min(100, Math.round(asked))) : DEFAULT_PAGE_SIZE;
  }
  set pageSize(value: number | null | undefined) {
    this.reflect("page-size", value?.toString());
  }

  /** Whether caption and labels can be changed here. */
  get allowEdit(): boolean {
    return this.hasAttribute("allow-edit");
  }
  set allowEdit(value: boolean | null | undefined) {
    this.toggleAttribute("allow-edit", value ?? false);
  }

  /** Whether there is a search bar. */
  get searchable(): boolean {
    return this.hasAttribute("searchable");
  }
  set searchable(value: boolean | null | undefined) {
    this.toggleAttribute("searchable", value ?? false);
  }
}
