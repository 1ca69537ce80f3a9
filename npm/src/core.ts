/**
 * `windlass/core`: metadata and resizing as plain functions, in browsers and under Node. They run on
 * the calling thread; in a page, call `resizePhoto` in a worker, or let `Windlass` do it for you.
 */
import { fromPlainError, isTrap, toPlainError, WindlassError } from "./errors.js";
import type { MetadataWarning } from "./generated/MetadataWarning";
import type { PhotoMetadata } from "./generated/PhotoMetadata";
import type { ResizeOptions } from "./generated/ResizeOptions";
import { readMetadataWith } from "./read-metadata.js";
import { resizeFastWith, resizeGeneralWith } from "./resize-picture.js";
import { within } from "./trapped.js";
import initPhoto, { MetadataReader, Picture, readMetadata as readBytes } from "./wasm/generated/windlass_photo.js";
import { compileCodecsModule, compilePhotoModule, type CodecsModule, type EncodedImage, type PhotoModule } from "./wasm/photo.js";

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
let codecs: Promise<CodecsModule> | null = null;

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

/** Smaller, upright JPEGs of a photo, all from one decode. Rejects where the photo is incomplete. */
export async function resizePhoto(source: Uint8Array | Blob, options: ResizeOptions): Promise<ResizedImages> {
  return explained(async (photo) => {
    const fast = await within("photo", () => resizeFastWith(photo, source, options));
    const outcome =
      fast.kind === "made"
        ? fast
        : await within("codecs", async () => resizeGeneralWith(await startCodecs(), source, options));
    if (outcome.kind !== "made") {
      throw new WindlassError("unsupported_format", `A ${outcome.format} picture of this kind cannot be decoded here.`);
    }
    return { images: outcome.images, warnings: outcome.warnings };
  });
}

function start(): Promise<PhotoModule> {
  started ??= compilePhotoModule()
    .then((module) => initPhoto({ module_or_path: module }))
    .then(() => ({ MetadataReader, Picture, readMetadata: readBytes }) satisfies PhotoModule)
    .catch((thrown: unknown) => {
      started = null;
      throw thrown;
    });
  return started;
}

/** Its bindings are a chunk of their own: most pages never need them. */
function startCodecs(): Promise<CodecsModule> {
  codecs ??= Promise.all([import("./wasm/generated/windlass_codecs.js"), compileCodecsModule()])
    .then(async ([bindings, module]) => {
      await bindings.default({ module_or_path: module });
      return { Picture: bindings.Picture } satisfies CodecsModule;
    })
    .catch((thrown: unknown) => {
      codecs = null;
      throw thrown;
    });
  return codecs;
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
