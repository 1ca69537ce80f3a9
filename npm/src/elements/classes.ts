/** The element classes alone: importing them registers nothing. */
import type { WindlassError } from "../errors.js";
import type { LiveState } from "../live.js";
import type { Photo } from "../generated/Photo";
import type { Upload } from "../upload.js";
import { WindlassGallery } from "./gallery.js";
import { WindlassUploader } from "./uploader.js";

export { galleryStrings, type GalleryStrings } from "./gallery.strings.js";
export { uploaderStrings, type UploaderStrings } from "./uploader.strings.js";
export type { GalleryFilter } from "./gallery-bar.js";
export { WindlassGallery, WindlassUploader };

/** The elements' events. They bubble and cross shadow roots, so `document` hears them too. */
export interface WindlassElementEvents {
  "windlass-photo": CustomEvent<{ photo: Photo; upload: Upload }>;
  /** `upload` is `null` where none could be begun. */
  "windlass-error": CustomEvent<{ error: WindlassError; upload: Upload | null }>;
  "windlass-photo-deleted": CustomEvent<{ photo: Photo }>;
  /** How news reach the gallery now. */
  "windlass-live": CustomEvent<{ state: LiveState }>;
}

declare global {
  interface HTMLElementTagNameMap {
    "windlass-uploader": WindlassUploader;
    "windlass-gallery": WindlassGallery;
  }
  interface HTMLElementEventMap extends WindlassElementEvents {}
  interface DocumentEventMap extends WindlassElementEvents {}
}
