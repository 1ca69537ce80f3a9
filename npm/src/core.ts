/**
 * `windlass/core`: metadata and resizing as plain functions, in browsers and under Node. They run on
 * the calling thread; in a page, call `resizePhoto` in a worker, or let `Windlass` do it for you.
 */
import { fromPlainError, isTrap, toPlainError, WindlassError } from "./errors.js";
import type { MetadataWarning } from "./generated/MetadataWarning";
import type { PhotoMetadata } from "./generated/PhotoMetadata";
import { readMetadataWith } from "./read-metadata.js";
import { resizePhotoWith, type Modules, type OutputFormat, type ResizePhotoOptions } from "./resize-photo.js";
import { within } from "./trapped.js";
import initPhoto, { MetadataReader, Picture, readMetadata as readBytes } from "./wasm/generated/windlass_photo.js";
import { compileModule, compilePhotoModule, type EncodedImage, type PhotoModule } from "./wasm/photo.js";

export { WindlassError };
export type { EncodedImage, MetadataWarning, OutputFormat, PhotoMetadata, ResizePhotoOptions };
export type { Location } from "./generated/Location";
export type { MetadataPolicy } from "./generated/MetadataPolicy";
export type { TakenAt } from "./generated/TakenAt";
export type { VariantOptions } from "./generated/VariantOptions";

/** The images made of one photo, upright, in the order asked for. */
export interface ResizedImages {
  images: EncodedImage[];
  /** What was odd about the photo. */
  warnings: MetadataWarning[];
}

/** Fetches and compiles the module ahead of the first call; calling it is never necessary. */
export async function init(): Promise<void> {
  await start();
}

/**
 * What the camera knew. Of a `Blob` only the head is read, and more where the file asks for it. Absent
 * is `null`, never a guess; broken EXIF is a warning, never a failure.
 */
export async function readMetadata(source: Uint8Array | Blob): Promise<PhotoMetadata> {
  return explained(async (photo) => within("photo", () => readMetadataWith(photo, source)));
}

/** Smaller, upright pictures of a photo, all from one decode. Rejects where the photo is incomplete. */
export async function resizePhoto(source: Uint8Array | Blob, options: ResizePhotoOptions): Promise<ResizedImages> {
  return explained(async (photo) => {
    const { images, warnings } = await resizePhotoWith(photo, others, source, options);
    return { images, warnings };
  });
}

const start = once(async (): Promise<PhotoModule> => {
  await initPhoto({ module_or_path: await compilePhotoModule() });
  return { MetadataReader, Picture, readMetadata: readBytes };
});

/** Started once, when asked for; their bindings are chunks of their own, for most pages never need them. */
const others: Modules = {
  pixels: once(async () => {
    const [{ default: start, Picture, webpWithExif }, module] = await Promise.all([
      import("./wasm/generated/windlass_pixels.js"),
      compileModule("pixels"),
    ]);
    await start({ module_or_path: module });
    return { Picture, webpWithExif };
  }),
  codecs: once(async () => {
    const [{ default: start, Picture }, module] = await Promise.all([
      import("./wasm/generated/windlass_codecs.js"),
      compileModule("codecs"),
    ]);
    await start({ module_or_path: module });
    return { Picture };
  }),
  heic: once(async () => {
    const [{ default: start, Picture }, module] = await Promise.all([
      import("./wasm/generated/windlass_heic.js"),
      compileModule("heic"),
    ]);
    await start({ module_or_path: module });
    return { Picture };
  }),
};

/** A failure is not remembered. */
function once<T>(start: () => Promise<T>): () => Promise<T> {
  let started: Promise<T> | null = null;
  return () => {
    started ??= start().catch((thrown: unknown) => {
      started = null;
      throw thrown;
    });
    return started;
  };
}

async function explained<T>(work: (photo: PhotoModule) => Promise<T>): Promise<T> {
  const photo = await start();
  try {
    return await work(photo);
  } catch (thrown) {
    if (isTrap(thrown)) {
      throw new WindlassError("wasm_trap", "This file made the photo module fail, which is not used again. Please report it with the file.", { cause: thrown });
    }
    throw fromPlainError(toPlainError(thrown));
  }
}
