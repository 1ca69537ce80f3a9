/** The photo module, for metadata and what phones make, and the modules for other pictures. */
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { PhotoMetadata } from "../generated/PhotoMetadata";
import type { ResizeOptions } from "../generated/ResizeOptions";
import type { ModuleName } from "../routes.js";
import { compileOnce } from "./compile.js";
import { hasSimd } from "./features.js";

/** What `windlass_photo` exports, in the types of the Rust structs behind it. */
export interface PhotoModule {
  readMetadata(bytes: Uint8Array): PhotoMetadata;
  MetadataReader: new (fileSize: number) => MetadataReader;
  Picture: new (fileSize: number) => FastPicture;
}

/** What `windlass_pixels` exports. */
export interface PixelsModule {
  Picture: new (fileSize: number) => PixelPicture;
  webpWithExif(webp: Uint8Array, exif: Uint8Array | undefined): Uint8Array<ArrayBuffer>;
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
  /** The format, where the first piece tells that another decoder takes it: see `routes.ts`. */
  needsCodecs(): string | undefined;
  resizeFast(options: ResizeOptions): ResizeOutcome;
}

export interface PixelPicture extends PictureBytes {
  /** Proves that the picture is whole. */
  decodeExternally(options: ResizeOptions): ExternalDecode;
}

/** A picture that the browser decodes: begun, given its rows, finished. Finishing consumes it; else it must be freed. */
export interface ExternalDecode {
  /** Whether pixels in sRGB are all that there is: no wider colours, and no inks. */
  readonly isSrgb: boolean;
  /** How the container says that the stored picture has to be turned, 1 to 8: only HEIC and AVIF do. */
  readonly containerOrientation: number;
  /** Where two bytes are to be zero in the browser's copy, so that it has no EXIF to turn by. */
  readonly exifOffset: number | undefined;
  /** The smallest size that is of use, of the picture as stored. */
  readonly usefulWidth: number;
  readonly usefulHeight: number;
  /** Throws `unsupported_format` when that cannot be this picture. */
  begin(width: number, height: number, isUpright: boolean): void;
  /** Red, green, blue, alpha; an even number of rows unless they are the last. */
  push(rows: Uint8Array): void;
  finish(): ResizeOutcome;
  /** For the browser's encoder. */
  finishPixels(): { images: PixelImage[]; warnings: MetadataWarning[] };
  free(): void;
}

/** One image as pixels, upright: red, green, blue, alpha; and the EXIF block its file is to carry. */
export interface PixelImage {
  name: string;
  width: number;
  height: number;
  /** From 0 to 1. */
  quality: number;
  rgba: Uint8Array<ArrayBuffer>;
  exif: Uint8Array<ArrayBuffer> | undefined;
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
  /**
   * True where this is the original's own picture, not encoded again: it was upright and of this size already, and
   * encoding it would have made it larger, or hardly smaller.
   */
  passed_through?: boolean;
}

export type ResizeOutcome =
  | { kind: "made"; images: EncodedImage[]; warnings: MetadataWarning[] }
  /** Nothing was made: the picture is for another decoder, which `routes.ts` names. */
  | { kind: "needs_codecs"; format: string };

/** Compiled once a page; workers get the compiled module by message. */
export const compilePhotoModule = compileOnce(() =>
  hasSimd()
    ? new URL("./windlass_photo_bg.wasm", import.meta.url)
    : new URL("./windlass_photo_baseline_bg.wasm", import.meta.url),
);

const COMPILE = {
  pixels: compileOnce(() =>
    hasSimd()
      ? new URL("./windlass_pixels_bg.wasm", import.meta.url)
      : new URL("./windlass_pixels_baseline_bg.wasm", import.meta.url),
  ),
  codecs: compileOnce(() =>
    hasSimd()
      ? new URL("./windlass_codecs_bg.wasm", import.meta.url)
      : new URL("./windlass_codecs_baseline_bg.wasm", import.meta.url),
  ),
  heic: compileOnce(() =>
    hasSimd()
      ? new URL("./windlass_heic_bg.wasm", import.meta.url)
      : new URL("./windlass_heic_baseline_bg.wasm", import.meta.url),
  ),
} satisfies Record<ModuleName, () => Promise<WebAssembly.Module>>;

/** Fetches a module only when the first picture comes that needs it. */
export function compileModule(name: ModuleName): Promise<WebAssembly.Module> {
  return COMPILE[name]();
}
