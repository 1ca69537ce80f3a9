/** WebP by the browser's encoder: there is none in our modules. EXIF is put into its file afterwards. */
import { hasTrueCanvas } from "./decode-in-browser.js";
import { WindlassError } from "./errors.js";
import type { EncodedImage, PixelImage, PixelsModule } from "./wasm/photo.js";

export const WEBP = "image/webp";

let encodes: Promise<boolean> | undefined;

/** Safari does not; it makes a PNG instead and says so only by its type. */
export function canEncodeWebp(): Promise<boolean> {
  encodes ??= probe().catch(() => false);
  return encodes;
}

async function probe(): Promise<boolean> {
  if (typeof OffscreenCanvas !== "function" || !hasTrueCanvas()) {
    return false;
  }
  const canvas = new OffscreenCanvas(1, 1);
  // Without a context there is nothing to encode.
  canvas.getContext("2d");
  return (await canvas.convertToBlob({ type: WEBP })).type === WEBP;
}

export async function encodeWebp(
  module: PixelsModule,
  { name, width, height, quality, rgba, exif }: PixelImage,
): Promise<EncodedImage> {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d");
  if (context === null) {
    throw new WindlassError("out_of_memory", "There is not enough memory to encode this picture.");
  }
  context.putImageData(new ImageData(new Uint8ClampedArray(rgba.buffer, rgba.byteOffset, rgba.length), width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type: WEBP, quality });
  if (blob.type !== WEBP) {
    throw new WindlassError("resize_failed", "This browser could not encode the picture as WebP.");
  }
  const bytes = module.webpWithExif(new Uint8Array(await blob.arrayBuffer()), exif);
  return { name, content_type: WEBP, width, height, bytes };
}
