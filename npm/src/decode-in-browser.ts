/**
 * Pictures decoded by the browser, whose pixels then go through our own resampler and encoder as those of every
 * other picture. The module has proven the file whole before; it hides EXIF from the browser, so that only
 * one of the two turns the picture.
 */
import { bitmapIsUpright } from "./container-turn.js";
import { WindlassError, isTrap } from "./errors.js";
import type { ResizeOptions } from "./generated/ResizeOptions";
import { fillPicture, sizeOf } from "./resize-picture.js";
import type { BrowserDecoder, Route } from "./routes.js";
import type { ExternalDecode, PixelsModule } from "./wasm/photo.js";

/** Pixels travel this many rows at a time; an even number, as the rows of chroma stand for two. */
const STRIP_ROWS = 256;

/** What each EXIF orientation is to a `VideoFrame`: degrees clockwise, then mirrored left to right. */
const TURNS: readonly (readonly [number, boolean])[] = [
  [0, false], [0, true], [180, false], [180, true], [90, true], [90, false], [270, true], [270, false],
];

/** Of a route's decoders those that are there. A browser that has `ImageDecoder` tells by it what it decodes at all. */
export async function availableOf({ browser, type }: Route): Promise<BrowserDecoder[]> {
  const hasImageDecoder = typeof ImageDecoder === "function";
  if (browser.length === 0 || (hasImageDecoder && !(await ImageDecoder.isTypeSupported(type)))) {
    return [];
  }
  return browser.filter((name) => (name === "image-decoder" ? hasImageDecoder : hasTrueCanvas()));
}

/** Of a picture whose pixels are all here. */
export interface Decoded {
  decode: ExternalDecode;
  by: BrowserDecoder;
}

export interface DecodeOptions {
  decoders: readonly BrowserDecoder[];
  /** The media type. */
  type: string;
  /** Leaves a picture that has other colours than those of sRGB to a module that keeps them. */
  onlySrgb: boolean;
  /** Whether no module decodes such a picture. */
  isOnlyWay: boolean;
}

/**
 * The picture decoded, to be finished; `null` where none of these decoders gave it. Rejects where the picture itself is
 * at fault: no other decoder is to be asked then.
 */
export async function decodeInBrowser(
  module: PixelsModule,
  source: Uint8Array | Blob,
  options: ResizeOptions,
  { decoders, type, onlySrgb, isOnlyWay }: DecodeOptions,
): Promise<Decoded | null> {
  const picture = await fillPicture(new module.Picture(sizeOf(source)), source);
  let decode: ExternalDecode;
  try {
    decode = picture.decodeExternally(options);
  } catch (thrown) {
    // The browser's pixels are of the whole size; a module may decode a large picture smaller.
    if (!isOnlyWay && (thrown as { code?: unknown } | null)?.code === "over_memory_budget") {
      return null;
    }
    throw thrown;
  }
  if (decode.isSrgb || !onlySrgb) {
    const file = withoutExif(source instanceof Blob ? source : new Blob([source as BlobPart]), decode.exifOffset, type);
    for (const by of decoders) {
      try {
        await (by === "image-decoder" ? viaImageDecoder : viaImageBitmap)(decode, file);
        return { decode, by };
      } catch (thrown) {
        if (mayTryAnother(thrown)) {
          continue;
        }
        if (!isTrap(thrown)) {
          decode.free();
        }
        throw thrown;
      }
    }
  }
  decode.free();
  return null;
}

async function viaImageDecoder(decode: ExternalDecode, file: Blob): Promise<void> {
  const decoder = new ImageDecoder({
    data: file.stream(),
    type: file.type,
    desiredWidth: decode.usefulWidth,
    desiredHeight: decode.usefulHeight,
    preferAnimation: false,
  });
  try {
    const { image } = await decoder.decode();
    try {
      await copyFrame(decode, image);
    } finally {
      image.close();
    }
  } finally {
    decoder.close();
  }
}

/** A frame's pixels are as stored; how they are to be turned stands beside them, where the browser says so. */
async function copyFrame(decode: ExternalDecode, frame: VideoFrame): Promise<void> {
  const { rotation = 0, flip = false } = frame as VideoFrame & { rotation?: number; flip?: boolean };
  const [expectedRotation, expectedFlip] = TURNS[decode.containerOrientation - 1] ?? [];
  if (rotation !== expectedRotation || flip !== expectedFlip || frame.visibleRect === null) {
    throw notDecoded();
  }
  const { x, y, width, height } = frame.visibleRect;
  decode.begin(width, height, false);
  const stride = 4 * width;
  const strip = new Uint8Array(stride * Math.min(STRIP_ROWS, height));
  for (let top = 0; top < height; top += STRIP_ROWS) {
    const rows = Math.min(STRIP_ROWS, height - top);
    const rect = { x, y: y + top, width, height: rows };
    await frame.copyTo(strip, { rect, format: "RGBA", layout: [{ offset: 0, stride }] });
    decode.push(strip.subarray(0, stride * rows));
  }
}

async function viaImageBitmap(decode: ExternalDecode, file: Blob): Promise<void> {
  const bitmap = await createImageBitmap(file);
  try {
    const { width, height } = bitmap;
    const stored = { width: decode.usefulWidth, height: decode.usefulHeight };
    const isUpright = await bitmapIsUpright(file.type, decode.containerOrientation, stored, bitmap);
    if (isUpright === null) {
      throw notDecoded();
    }
    decode.begin(width, height, isUpright && decode.containerOrientation !== 1);
    const context = readableContext(width, Math.min(STRIP_ROWS, height));
    if (context === null) {
      throw notDecoded();
    }
    context.fillStyle = "white";
    for (let top = 0; top < height; top += STRIP_ROWS) {
      const rows = Math.min(STRIP_ROWS, height - top);
      context.fillRect(0, 0, width, rows);
      context.drawImage(bitmap, 0, -top);
      const { data } = context.getImageData(0, 0, width, rows);
      decode.push(new Uint8Array(data.buffer, data.byteOffset, data.length));
    }
  } finally {
    bitmap.close();
  }
}

let canvasIsTrue: boolean | undefined;

/**
 * Whether pixels survive a canvas. Browsers that guard against fingerprinting give noise, or white, for what was
 * painted: not for a photo.
 */
export function hasTrueCanvas(): boolean {
  canvasIsTrue ??= typeof createImageBitmap === "function" && readsWhatItPainted();
  return canvasIsTrue;
}

function readsWhatItPainted(): boolean {
  const edge = 32;
  const context = readableContext(edge, edge);
  if (context === null) {
    return false;
  }
  const painted = new ImageData(edge, edge);
  painted.data.forEach((_, index, data) => {
    data[index] = index % 4 === 3 ? 255 : (index * 37) % 256;
  });
  context.putImageData(painted, 0, 0);
  const read = context.getImageData(0, 0, edge, edge).data;
  return painted.data.every((level, index) => level === read[index]);
}

function readableContext(width: number, height: number): OffscreenCanvasRenderingContext2D | null {
  if (typeof OffscreenCanvas !== "function") {
    return null;
  }
  return new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
}

/** The file for the browser: where its EXIF block begins, the mark that makes it one is gone. */
function withoutExif(file: Blob, offset: number | undefined, type: string): Blob {
  return offset === undefined
    ? file.slice(0, file.size, type)
    : new Blob([file.slice(0, offset), new Uint8Array(2), file.slice(offset + 2)], { type });
}

function notDecoded(): WindlassError {
  return new WindlassError("unsupported_format", "This browser gives the picture turned in a way that it does not tell.");
}

/** What a browser throws says little; what a module of ours throws has a code. */
function mayTryAnother(thrown: unknown): boolean {
  const code = (thrown as { code?: unknown } | null)?.code;
  return !isTrap(thrown) && (typeof code !== "string" || code === "unsupported_format");
}
