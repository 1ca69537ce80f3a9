/**
 * `windlass/core`: metadata and resizing as plain functions, in browsers and under Node. They run on
 * the calling thread; in a page, call `resizePhoto` in a worker, or let `Windlass` do it for you.
 */
import { fromPlainError, isTrap, toPlainError, WindlassError } from "./errors.js";
import type { MetadataWarning } from "./generated/MetadataWarning";
import type { PhotoMetadata } from "./generated/PhotoMetadata";
import type { ResizeOptions } from "./generated/ResizeOptions";
import { readMetadataWith } from "./read-metadata.js";
import initPhoto, { MetadataReader, readMetadata as readBytes, resizePhoto as resizeBytes } from "./wasm/generated/windlass_photo.js";
import { compilePhotoModule, type EncodedImage, type PhotoModule } from "./wasm/photo.js";

export { WindlassError };
export type { EncodedImage, MetadataWarning, PhotoMetadata, ResizeOptions };
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

let started: Promise<PhotoModule> | null = null;

/** Fetches and compiles the module ahead of the first call; calling it is never necessary. */
export async function init(): Promise<void> {
  await start();
}

/**
 * What the camera knew. Of a `Blob` only the head is read, and more where the file asks for it. Absent
 * is `null`, never a guess; broken EXIF is a warning, never a failure.
 */
export async function readMetadata(source: Uint8Array | Blob): Promise<PhotoMetadata> {
  return explained(async (photo) => readMetadataWith(photo, source));
}

/** Smaller, upright JPEGs of a photo, all from one decode. Rejects where the photo is incomplete. */
export async function resizePhoto(source: Uint8Array | Blob, options: ResizeOptions): Promise<ResizedImages> {
  return explained(async (photo) => {
    const bytes = source instanceof Uint8Array ? source : new Uint8Array(await source.arrayBuffer());
    return photo.resizePhoto(bytes, options);
  });
}

function start(): Promise<PhotoModule> {
  started ??= compilePhotoModule()
    .then((module) => initPhoto({ module_or_path: module }))
    .then(() => ({ MetadataReader, readMetadata: readBytes, resizePhoto: resizeBytes }) satisfies PhotoModule)
    .catch((thrown: unknown) => {
      started = null;
      throw thrown;
    });
  return started;
}

async function explained<T>(work: (photo: PhotoModule) => Promise<T>): Promise<T> {
  const photo = await start();
  try {
    return await work(photo);
  } catch (thrown) {
    if (isTrap(thrown)) {
      throw new WindlassError("wasm_trap", "This file made the photo module fail. Please report it with the file.", { cause: thrown });
    }
    throw fromPlainError(toPlainError(thrown));
  }
}
