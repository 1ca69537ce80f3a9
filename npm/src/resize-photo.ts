/** Which way a photo goes to its smaller pictures; the same for `windlass/core` and the image worker. */
import { availableOf, decodeInBrowser } from "./decode-in-browser.js";
import { canEncodeWebp, encodeWebp } from "./encode-webp.js";
import { WindlassError } from "./errors.js";
import type { MetadataWarning } from "./generated/MetadataWarning";
import type { ResizeOptions } from "./generated/ResizeOptions";
import { handedOnFormat, resizeFastWith, resizeGeneralWith, resizeHeicWith } from "./resize-picture.js";
import { routeOf, type BrowserDecoder, type DecoderName } from "./routes.js";
import { within } from "./trapped.js";
import type { CodecsModule, EncodedImage, HeicModule, PhotoModule, PixelsModule } from "./wasm/photo.js";

/** What smaller pictures are encoded as. */
export type OutputFormat = "jpeg" | "webp";

/** The modules beside the photo module, each started when it is asked for. */
export interface Modules {
  pixels(): Promise<PixelsModule>;
  codecs(): Promise<CodecsModule>;
  heic(): Promise<HeicModule>;
  /** Whether the browser's decoders were asked before, in vain. */
  readonly browserFailed?: boolean;
}

export interface ResizePhotoOptions extends ResizeOptions {
  /** `jpeg` when absent. Where WebP cannot be made, it is JPEG all the same, and a warning says so. */
  format?: OutputFormat;
}

export interface MadeImages {
  images: EncodedImage[];
  warnings: MetadataWarning[];
  decoder: DecoderName;
}

/** `only` asks for one decoder of the browser, whatever is best, and for no other. */
export async function resizePhotoWith(
  photo: PhotoModule,
  modules: Modules,
  source: Uint8Array | Blob,
  { format = "jpeg", ...options }: ResizePhotoOptions,
  only?: BrowserDecoder,
): Promise<MadeImages> {
  const webp = format === "webp" && (await canEncodeWebp());
  const made = await viaBestRoute(photo, modules, source, options, webp, only);
  if (format === "webp" && made.images.some(({ content_type }) => content_type !== "image/webp")) {
    made.warnings.push({
      code: "webp_not_encoded",
      message: "WebP of this picture cannot be made by this browser: the smaller pictures are JPEG.",
    });
  }
  return made;
}

async function viaBestRoute(
  photo: PhotoModule,
  modules: Modules,
  source: Uint8Array | Blob,
  options: ResizeOptions,
  webp: boolean,
  only: BrowserDecoder | undefined,
): Promise<MadeImages> {
  const viaBrowserFirst = webp || only !== undefined;
  let handedOn = viaBrowserFirst ? await within("photo", () => handedOnFormat(photo, source)) : undefined;
  if (!viaBrowserFirst) {
    const fast = await within("photo", () => resizeFastWith(photo, source, options));
    if (fast.kind === "made") {
      return { images: fast.images, warnings: fast.warnings, decoder: "photo" };
    }
    handedOn = fast.format;
  }
  const route = routeOf(handedOn ?? "JPEG");
  const decoders = await availableOf(only === undefined ? route : { ...route, browser: [only] });
  if (decoders.length > 0 && modules.browserFailed !== true) {
    const onlySrgb = route.module !== null && !webp && only === undefined;
    const how = { decoders, type: route.type, onlySrgb, isOnlyWay: route.module === null };
    const made = await within("pixels", async () => viaBrowser(await modules.pixels(), source, options, how, webp));
    if (made !== null) {
      return made;
    }
  }
  if (only !== undefined) {
    throw notDecoded(handedOn ?? "JPEG");
  }
  if (viaBrowserFirst && handedOn === undefined) {
    const fast = await within("photo", () => resizeFastWith(photo, source, options));
    if (fast.kind === "made") {
      return { images: fast.images, warnings: fast.warnings, decoder: "photo" };
    }
  }
  if (route.module === null) {
    throw notDecoded(handedOn ?? "JPEG");
  }
  const outcome =
    route.module === "heic"
      ? await within("heic", async () => resizeHeicWith(await modules.heic(), source, options))
      : await within("codecs", async () => resizeGeneralWith(await modules.codecs(), source, options));
  if (outcome.kind !== "made") {
    throw notDecoded(outcome.format);
  }
  return { images: outcome.images, warnings: outcome.warnings, decoder: route.module };
}

async function viaBrowser(
  module: PixelsModule,
  source: Uint8Array | Blob,
  options: ResizeOptions,
  how: Parameters<typeof decodeInBrowser>[3],
  webp: boolean,
): Promise<MadeImages | null> {
  const decoded = await decodeInBrowser(module, source, options, how);
  if (decoded === null) {
    return null;
  }
  const { decode, by } = decoded;
  if (webp) {
    const { images, warnings } = decode.finishPixels();
    const encoded: EncodedImage[] = [];
    for (const image of images) {
      encoded.push(await encodeWebp(module, image));
    }
    return { images: encoded, warnings, decoder: by };
  }
  const outcome = decode.finish();
  return outcome.kind === "made" ? { images: outcome.images, warnings: outcome.warnings, decoder: by } : null;
}

function notDecoded(format: string): WindlassError {
  return new WindlassError("unsupported_format", `This ${format} cannot be decoded here: the original is used as it is.`);
}
