/**
 * `createImageBitmap` with its resize options, or `ImageDecoder` with a desired width; then canvases.
 * Smaller pictures are made of the first one, which costs them least.
 */
import { answer } from "../in-worker.js";

async function withBitmap(file, { width, height }) {
  return createImageBitmap(file, { resizeWidth: width, resizeHeight: height, resizeQuality: "high" });
}

/**
 * Chromium decodes JPEGs at eighths of their size and takes the one below the size wanted, which would
 * have to be enlarged again: so the eighth above is asked for by name.
 */
async function withDecoder(file, { width }, upright) {
  const eighths = Math.ceil((8 * width) / upright.width);
  const [w, h] = [upright.width, upright.height].map((edge) => Math.ceil((edge * eighths) / 8));
  // Sizes are those of the picture as stored: a portrait of this photo lies on its side.
  const [desiredWidth, desiredHeight] = [Math.max(w, h), Math.min(w, h)];
  const decoder = new ImageDecoder({ data: await file.arrayBuffer(), type: "image/jpeg", desiredWidth, desiredHeight });
  const { image } = await decoder.decode();
  decoder.close();
  return image;
}

function drawn(source, { width, height }) {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, width, height);
  return canvas;
}

answer(async ({ decoder, file, sizes, upright, quality }) => {
  const [largest, ...smaller] = sizes;
  const decoded = await (decoder === "ImageDecoder" ? withDecoder : withBitmap)(file, largest, upright);
  const first = drawn(decoded, largest);
  decoded.close();
  const canvases = [first, ...smaller.map((size) => drawn(first, size))];
  return Promise.all(canvases.map((canvas) => canvas.convertToBlob({ type: "image/jpeg", quality })));
});
