/**
 * wasm-vips: `thumbnailBuffer`, which lets libjpeg decode at a smaller scale; smaller pictures from the
 * first one. HEIC, JPEG XL and SVG are left out, so that they need not be loaded.
 */
import { answer } from "../in-worker.js";

const loading = import("/vips/vips-es6.js").then(({ default: Vips }) => Vips({ dynamicLibraries: [] }));

answer(async ({ file, edges, quality }) => {
  const vips = await loading;
  const [largest, ...smaller] = edges;
  const lazy = vips.Image.thumbnailBuffer(await file.arrayBuffer(), largest, { height: largest, size: "down" });
  const first = lazy.copyMemory();
  const pictures = [first, ...smaller.map((edge) => first.thumbnailImage(edge, { height: edge, size: "down" }))];
  const made = pictures.map(
    (picture) => new Blob([picture.writeToBuffer(".jpg", { Q: Math.round(quality * 100) })], { type: "image/jpeg" }),
  );
  for (const picture of [lazy, ...pictures]) picture.delete();
  return made;
});
