/** compressorjs, which works on the main thread only; each picture from the photo: it makes files of files. */
import Compressor from "compressorjs";

function compressed(file, edge, quality) {
  return new Promise((success, error) => {
    new Compressor(file, { maxWidth: edge, maxHeight: edge, quality, success, error });
  });
}

export function prepare() {
  return async (file, edges, quality) => {
    const made = [];
    for (const edge of edges) made.push(await compressed(file, edge, quality));
    return made;
  };
}
