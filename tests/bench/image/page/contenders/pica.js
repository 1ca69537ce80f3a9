/**
 * pica with its defaults (WebAssembly in workers of its own) but for the filter, which is the others'
 * Lanczos3, and workers that are kept between rounds; smaller pictures from the first one.
 */
import createPica from "pica";

export function prepare(fitted) {
  const pica = createPica({ idle: 600_000 });
  return async (file, edges, quality) => {
    const image = new Image();
    image.src = URL.createObjectURL(file);
    await image.decode();
    let from = image;
    const made = [];
    for (const edge of edges) {
      const canvas = Object.assign(document.createElement("canvas"), fitted(edge));
      from = await pica.resize(from, canvas, { filter: "lanczos3" });
      made.push(await pica.toBlob(canvas, "image/jpeg", quality));
    }
    URL.revokeObjectURL(image.src);
    return made;
  };
}
