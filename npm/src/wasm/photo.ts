/** The photo module, for metadata and what phones make, and the modules for other pictures: HEIC, and the rest. */
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

/** What `windlass_heic` exports. */
export interface HeicModule {
  Picture: new (fileSize: number) => HeicPicture;
}

/** A file being read into the module's memory. Resizing consumes it; else it must be freed. */
export interface PictureBytes {
  push(piece: Uint8Array): void;
  free(): void;
}

export interface FastPicture extends PictureBytes {
  /** The format, where the first piece tells that another module decodes it: see {@link decoderOf}. */
  needsCodecs(): string | undefined;
  resizeFast(options: ResizeOptions): ResizeOutcome;
}

export interface GeneralPicture extends PictureBytes {
  resizeGeneral(options: ResizeOptions): ResizeOutcome;
}

export interface HeicPicture extends PictureBytes {
  resizeHeic(options: ResizeOptions): ResizeOutcome;
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

export type ResizeOutcome =
  | { kind: "made"; images: EncodedImage[]; warnings: MetadataWarning[] }
  /** Nothing was made: the picture is for another module, which {@link decoderOf} names. */
  | { kind: "needs_codecs"; format: string };

/** A module beside the photo module, which decodes what that one does not. */
export type Decoder = "codecs" | "heic";

/** Which module decodes a format that the photo module named. */
export function decoderOf(format: string): Decoder {
  return format === "HEIC" ? "heic" : "codecs";
}

/** Compiled once a page; workers get the compiled module by message. */
export const compilePhotoModule = compileOnce(() =>
  hasSimd()
    ? new URL("./windlass_photo_bg.wasm", import.meta.url)
    : new URL("./windlass_photo_baseline_bg.wasm", import.meta.url),
);

const compileCodecsModule = compileOnce(() =>
  hasSimd()
    ? new URL("./windlass_codecs_bg.wasm", import.meta.url)
    : new URL("./windlass_codecs_baseline_bg.wasm", import.meta.url),
);

const compileHeicModule = compileOnce(() =>
  hasSimd()
    ? new URL("./windlass_heic_bg.wasm", import.meta.url)
    : new URL("./windlass_heic_baseline_bg.wasm", import.meta.url),
);

/** Fetches a module only when the first picture comes that it alone decodes. */
export function compileDecoder(decoder: Decoder): Promise<WebAssembly.Module> {
  return decoder === "heic" ? compileHeicModule() : compileCodecsModule();
}
