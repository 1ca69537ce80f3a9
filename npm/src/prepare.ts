/**
 * What happens to a file before it is sent: its metadata is read and smaller pictures are made, in
 * workers. Nothing here can stop an upload: what fails leaves the original unchanged, and a warning; where neither
 * the SDK's files nor the service can be reached, nothing could be sent either, and they are waited for.
 */
import { toWindlassError, WindlassError } from "./errors.js";
import { contentTypeOf } from "./files.js";
import type { ColorPolicy } from "./generated/ColorPolicy";
import type { MetadataPolicy } from "./generated/MetadataPolicy";
import type { MetadataWarning } from "./generated/MetadataWarning";
import type { PhotoMetadata } from "./generated/PhotoMetadata";
import type { VariantOptions } from "./generated/VariantOptions";
import type { OutputFormat, ResizePhotoOptions } from "./resize-photo.js";
import type { ModuleName } from "./routes.js";
import { unlessSlow, untilReachable, type Patience } from "./unreachable.js";
import type { WorkerPool } from "./workers/bridge.js";
import type { ImageReply, ImageRequest, ResizedPhoto, ResizeRequest, ResizeWork } from "./workers/messages.js";
import type { FileDescription, VariantFile } from "./wasm/upload.js";

export type ImagePool = Pick<WorkerPool<ImageRequest, ImageReply>, "run">;

/** Made of every photo unless the application says otherwise. */
export const DEFAULT_VARIANTS: readonly VariantOptions[] = [
  { name: "thumb_200", max_edge: 200, quality: 0.7 },
  { name: "web_1920", max_edge: 1920, quality: 0.8 },
];

/** What the smaller pictures shall be like. */
export interface PictureOptions {
  variants: readonly VariantOptions[];
  metadata: MetadataPolicy;
  color: ColorPolicy;
  format: OutputFormat;
}

/** The defaults for what an application leaves out. */
export function pictureOptions(given: { [name in keyof PictureOptions]?: PictureOptions[name] | undefined }): PictureOptions {
  const { variants = DEFAULT_VARIANTS, metadata = "keep", color = "keep", format = "jpeg" } = given;
  // Copies: a framework's proxies cannot be sent to a worker.
  return { variants: variants.map((variant) => ({ ...variant })), metadata, color, format };
}

export interface PrepareOptions extends PictureOptions, Patience {
  /** A compiled module beside the photo module; asked for only when a picture needs it. */
  module: (name: ModuleName) => Promise<WebAssembly.Module>;
  /** Hears when a worker begins to make the smaller pictures, and when that is over. */
  onWork?: ((isAtWork: boolean) => void) | undefined;
  /** Whether that has ended pages, as a phone that runs out of memory ends them: it is not tried again. */
  endsPages?: boolean;
}

/** What was made of a photo on this device before it was sent. */
export interface MadePictures {
  /** The smaller pictures, as they are sent. */
  readonly pictures: readonly MadePicture[];
  /** The names of those asked for that would have been as large as the photo, or as a picture of its size, which serves instead. */
  readonly leftOut: readonly string[];
  /** What it took; `null` where an earlier page made them. */
  readonly work: MakingOfPictures | null;
}

export interface MakingOfPictures {
  /**
   * What decoded the photo: a module (`photo` for baseline JPEG, `heic`, `codecs`), or a decoder of the browser
   * (`image-decoder`, `image-bitmap`).
   */
  readonly decoder: string;
  /** In the worker, from the file to the encoded pictures. */
  readonly durationMs: number;
  /** Of WebAssembly memory in that worker: the most that any photo so far has needed. */
  readonly memoryBytes: number;
}

/** One smaller picture. */
export interface MadePicture {
  readonly name: string;
  readonly contentType: string;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
}

export interface PreparedFile extends FileDescription {
  /** The smallest picture made, to show while the file is sent. */
  preview: Blob | null;
  warnings: MetadataWarning[];
  /** `null` where there is no picture, or none that could be decoded. */
  made: MadePictures | null;
}

/** Above this a picture is not read into memory as a whole: it is sent without smaller ones. */
const MAX_RESIZE_BYTES = 100 * 1024 * 1024;

const ENDED_PAGES: MetadataWarning = {
  code: "worker_crashed",
  message: "Making smaller copies of this picture has ended the page again and again: it is sent without them.",
};

/** Types browsers can show as they are, so that a small original needs no copy of its own size. */
const SHOWN_BY_BROWSERS = new Set(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]);

/** Rejects only when `signal` aborts. */
export async function prepareFile(
  pool: ImagePool,
  file: Blob,
  filename: string,
  { variants, metadata: policy, color, format, signal, module, onWaiting, isServiceThere, onWork, endsPages }: PrepareOptions,
): Promise<PreparedFile> {
  const asked = { variants, metadata: policy, color, format };
  const patience = { signal, onWaiting, isServiceThere };
  const workers: ImagePool = { run: (request, options) => untilReachable(() => pool.run(request, options), patience) };
  const modules: PrepareOptions["module"] = (name) => untilReachable(() => unlessSlow(module(name), isServiceThere), patience);
  const claimedType = contentTypeOf(file, filename);
  const plain: PreparedFile = { filename, content_type: claimedType, preview: null, warnings: [], made: null };
  if (!mayBePicture(claimedType)) {
    return plain;
  }
  const metadata = await read(workers, file, plain.warnings, signal);
  const contentType = metadata?.content_type ?? claimedType;
  const warnings = [...(metadata?.warnings ?? []), ...plain.warnings];
  const wanted = worthMaking(asked, contentType, metadata);
  let resized: ResizedPhoto | null = null;
  if (contentType.startsWith("image/") && contentType !== "image/vnd.dwg" && wanted.length > 0) {
    if (endsPages) {
      warnings.push(ENDED_PAGES);
    } else {
      resized = await resize(workers, file, { ...asked, variants: wanted }, modules, warnings, { signal, onWork });
      addNew(warnings, resized?.warnings ?? []);
    }
  }
  const images = resized?.images ?? [];
  return {
    filename,
    content_type: contentType,
    ...(metadata === null ? {} : { metadata: { ...metadata, warnings } }),
    ...(images.length > 0 ? { variants: images } : {}),
    preview: smallest(images)?.blob ?? null,
    warnings,
    made: resized && madeOf(resized.images, variants, resized.work),
  };
}

/** `images` of the `variants` that were asked for. */
export function madeOf(
  images: readonly VariantFile[],
  variants: readonly VariantOptions[],
  work: ResizeWork | null,
): MadePictures {
  const made = new Set(images.map(({ name }) => name));
  return {
    pictures: images.map(({ name, content_type, width, height, blob }) => ({
      name,
      contentType: content_type,
      width,
      height,
      sizeBytes: blob.size,
    })),
    leftOut: variants.map(({ name }) => name).filter((name) => !made.has(name)),
    work: work && { decoder: work.decoder, durationMs: work.took_ms, memoryBytes: work.memory_bytes },
  };
}

/** Without a type of its own a file may be a HEIC from a phone; only reading its head tells. */
function mayBePicture(contentType: string): boolean {
  return contentType.startsWith("image/") || contentType === "application/octet-stream";
}

/**
 * Leaves out copies as large as the photo itself; the smallest is always made. Where the photo cannot serve instead,
 * because its place, its colours or its format are not to be shown, one of its full size is made as well.
 */
export function worthMaking(
  { variants, metadata: policy, color, format }: PictureOptions,
  contentType: string,
  metadata: Pick<PhotoMetadata, "width" | "height"> | null,
): VariantOptions[] {
  const longEdge = Math.max(metadata?.width ?? 0, metadata?.height ?? 0);
  if (longEdge === 0 || !SHOWN_BY_BROWSERS.has(contentType)) {
    return [...variants];
  }
  const edges = variants.map((variant) => variant.max_edge);
  const kept = [Math.min(...edges)];
  if (policy !== "keep" || color !== "keep" || format !== "jpeg") {
    kept.push(Math.min(...edges.filter((edge) => edge >= longEdge)));
  }
  return variants.filter(({ max_edge }) => max_edge < longEdge || kept.includes(max_edge));
}

async function read(
  pool: ImagePool,
  file: Blob,
  warnings: MetadataWarning[],
  signal: AbortSignal,
): Promise<PhotoMetadata | null> {
  try {
    const reply = await pool.run({ task: "read", file }, { signal });
    return reply.task === "read" ? reply.metadata : null;
  } catch (thrown) {
    warnings.push(warningFrom(thrown));
    return null;
  }
}

async function resize(
  pool: ImagePool,
  file: Blob,
  options: ResizePhotoOptions,
  module: PrepareOptions["module"],
  warnings: MetadataWarning[],
  { signal, onWork }: Pick<PrepareOptions, "signal" | "onWork">,
): Promise<ResizedPhoto | null> {
  try {
    if (file.size > MAX_RESIZE_BYTES) {
      throw new WindlassError("too_large", "The picture is too large to make smaller copies of it here.");
    }
    // Before the reading of other files: one photo that is ready can be on its way already.
    const turn = { signal, first: true, ...(onWork && { onWork }) };
    let modules: ResizeRequest["modules"] = {};
    for (;;) {
      const reply = await pool.run({ task: "resize", file, options, modules }, turn);
      if (reply.task !== "needs-module" || modules[reply.module] !== undefined) {
        return reply.task === "resize" ? reply : null;
      }
      modules = { ...modules, [reply.module]: await module(reply.module) };
    }
  } catch (thrown) {
    addNew(warnings, [warningFrom(thrown)]);
    return null;
  }
}

/** Aborting is no warning: it goes on to whoever asked. */
function warningFrom(thrown: unknown): MetadataWarning {
  const error = toWindlassError(thrown);
  if (error.code === "cancelled" || error.code === "closed") {
    throw error;
  }
  return { code: error.code, message: error.message };
}

function addNew(warnings: MetadataWarning[], more: readonly MetadataWarning[]): void {
  for (const warning of more) {
    if (!warnings.some(({ code }) => code === warning.code)) {
      warnings.push(warning);
    }
  }
}

function smallest(images: readonly VariantFile[]): VariantFile | undefined {
  return images.reduce<VariantFile | undefined>(
    (least, image) => (least === undefined || image.width * image.height < least.width * least.height ? image : least),
    undefined,
  );
}
