/** browser-image-compression in its own worker, each picture from the photo: it makes files of files. */
import imageCompression from "browser-image-compression";

export function prepare() {
  const libURL = new URL("/bic/browser-image-compression.js", location.href).href;
  return async (file, edges, quality) => {
    const made = [];
    for (const maxWidthOrHeight of edges) {
      const options = { maxWidthOrHeight, initialQuality: quality, useWebWorker: true, libURL };
      made.push(await imageCompression(file, options));
    }
    return made;
  };
}
