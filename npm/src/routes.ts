/**
 * Which decoders may take a picture that the photo module does not decode itself, best first. What was measured is
 * in the README, "Which decoder takes which picture".
 */

/**
 * A wasm module beside the photo module, fetched with the first picture that needs it: `pixels` makes images of what
 * the browser decoded, the others decode themselves.
 */
export type ModuleName = "pixels" | "codecs" | "heic";

/**
 * What the browser itself has. `image-decoder` is WebCodecs' `ImageDecoder`, which refuses what it cannot decode
 * whole and gives pixels without a canvas; `image-bitmap` is `createImageBitmap` and a canvas.
 */
export type BrowserDecoder = "image-decoder" | "image-bitmap";

/** What decoded a picture. */
export type DecoderName = "photo" | "codecs" | "heic" | BrowserDecoder;

export interface Route {
  /** The media type, by which a browser chooses its decoder. */
  readonly type: string;
  readonly browser: readonly BrowserDecoder[];
  readonly module: "codecs" | "heic" | null;
}

/** By the format's name as the photo module gives it. */
const ROUTES: Readonly<Record<string, Route>> = {
  // Proven whole block by block before, so that a decoder that paints over a hole is never believed.
  JPEG: { type: "image/jpeg", browser: ["image-decoder", "image-bitmap"], module: "codecs" },
  PNG: { type: "image/png", browser: ["image-decoder", "image-bitmap"], module: "codecs" },
  // Only its container is proven whole: a bitmap might be of half a picture.
  WebP: { type: "image/webp", browser: ["image-decoder"], module: "codecs" },
  GIF: { type: "image/gif", browser: [], module: "codecs" },
  TIFF: { type: "image/tiff", browser: [], module: "codecs" },
  // Safari decodes HEVC in hardware.
  HEIC: { type: "image/heic", browser: ["image-bitmap"], module: "heic" },
  AVIF: { type: "image/avif", browser: ["image-decoder", "image-bitmap"], module: null },
};

const NOWHERE: Route = { type: "", browser: [], module: null };

export function routeOf(format: string): Route {
  return ROUTES[format] ?? NOWHERE;
}
