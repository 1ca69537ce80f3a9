/** The element classes alone: importing them registers nothing. */
import type { WindlassError } from "../errors.js";
import type { Photo } from "../generated/Photo";
import type { Upload } from "../upload.js";
import { WindlassGallery } from "./gallery.js";
import { WindlassUploader } from "./uploader.js";

export { galleryStrings, type GalleryStrings } from "./gallery.strings.js";
export { uploaderStrings, type UploaderStrings } from "./uploader.strings.js";
export { WindlassGallery, WindlassUploader };

/** The elements' events. They bubble and cross shadow roots, so `document` hears them too. */
export interface WindlassElementEvents {
  "windlass-photo": CustomEvent<{ photo: Photo; upload: Upload }>;
  /** `upload` is `null` where none could be begun. */
  "windlass-error": CustomEvent<{ error: WindlassError; upload: Upload | null }>;
  "windlass-photo-deleted": CustomEvent<{ photo: Photo }>;
}

declare global {
  interface HTMLElementTagNameMap {
    "windlass-uploader": WindlassUploader;
    "windlass-gallery": WindlassGallery;
  }
  interface HTMLElementEventMap extends WindlassElementEvents {}
  interface DocumentEventMap extends WindlassElementEvents {}
}
