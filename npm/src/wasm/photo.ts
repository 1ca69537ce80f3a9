/** The photo module, for metadata and what phones make, and the codecs module, for every other picture. */
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { PhotoMetadata } from "../generated/PhotoMetadata";
import type { ResizeOptions } from "../generated/ResizeOptions";
import { compileOnce } from "./compile.js";
import { hasSimd } from "./features.js";

/** What `windlass_photo` exports, in the types of the Rust structs behind it. */
export interface PhotoModule {
  readMetadata(bytes: Uint8Array): PhotoMetadata;
  MetadataReader: new (fileSize: number) => MetadataReader;
  Picture: new (fileSize: number) => FastPicture;
}

/** What `windlass_codecs` exports. */
export interface CodecsModule {
  Picture: new (fileSize: number) => GeneralPicture;
}

/** A file being read into the module's memory. Resizing consumes it; else it must be freed. */
export interface PictureBytes {
  push(piece: Uint8Array): void;
  free(): void;
}

export interface FastPicture extends PictureBytes {
  /** The format, where the first piece tells that only `windlass_codecs` decodes it. */
  needsCodecs(): string | undefined;
  resizeFast(options: ResizeOptions): ResizeOutcome;
}

export interface GeneralPicture extends PictureBytes {
  resizeGeneral(options: ResizeOptions): ResizeOutcome;
}

/** Asks for the slices of a file it needs, mostly just the head. */
export interface MetadataReader {
  /** The slice wanted next; `undefined` when nothing more is needed. */
  nextRead(): { offset: number; length: number } | undefined;
  supply(offset: number, bytes: Uint8Array): void;
  finish(): PhotoMetadata;
  free(): void;
}

/** One encoded image, upright. */
export interface EncodedImage {
  name: string;
  content_type: string;
  width: number;
  height: number;
  bytes: Uint8Array<ArrayBuffer>;
  /**
   * True where this is the original's own picture, not encoded again: it was upright and of this size already, and
   * encoding it would have made it larger, or hardly smaller.
   */
  passed_through?: boolean;
}

export type ResizeOutcome =
  | { kind: "made"; images: EncodedImage[]; warnings: MetadataWarning[] }
  /** Nothing was made: the picture is for `windlass_codecs`. */
  | { kind: "needs_codecs"; format: string };

/** Compiled once a page; workers get the compiled module by message. */
export const compilePhotoModule = compileOnce(() =>
  hasSimd()
    ? new URL("./windlass_photo_bg.wasm", import.meta.url)
    : new URL("./windlass_photo_baseline_bg.wasm", import.meta.url),
);

/** Fetched only when the first picture comes that the photo module does not decode. */
export const compileCodecsModule = compileOnce(() =>
  hasSimd()
    ? new URL("./windlass_codecs_bg.wasm", import.meta.url)
    : new URL("./windlass_codecs_baseline_bg.wasm", import.meta.url),
);
