/** `windlass/elements`: registers `<windlass-uploader>` and `<windlass-gallery>`. */
import { WindlassGallery, WindlassUploader } from "./classes.js";

export * from "./classes.js";

const elements: [string, CustomElementConstructor][] = [
  ["windlass-uploader", WindlassUploader],
  ["windlass-gallery", WindlassGallery],
];

// Nothing to register on a server; and two copies of the package on one page must not fight.
for (const [name, constructor] of elements) {
  if (globalThis.customElements && !customElements.get(name)) {
    customElements.define(name, constructor);
  }
}
