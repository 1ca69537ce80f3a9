/** The photo module: reading metadata and resizing. */
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { PhotoMetadata } from "../generated/PhotoMetadata";
import type { ResizeOptions } from "../generated/ResizeOptions";
import { compileOnce } from "./compile.js";

/** What `windlass_photo` exports, in the types of the Rust structs behind it. */
export interface PhotoModule {
  readMetadata(bytes: Uint8Array): PhotoMetadata;
  MetadataReader: new (fileSize: number) => MetadataReader;
  resizePhoto(bytes: Uint8Array, options: ResizeOptions): RawResizeResult;
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
}

export interface RawResizeResult {
  images: EncodedImage[];
  warnings: MetadataWarning[];
}

/** Compiled once a page; workers get the compiled module by message. */
export const compilePhotoModule = compileOnce(() => new URL("./windlass_photo_bg.wasm", import.meta.url));
