/** What pages and workers say to each other. Bytes never travel: files and pictures are `Blob` handles. */
import type { PlainError } from "../errors.js";
import type { MetadataWarning } from "../generated/MetadataWarning";
import type { PhotoMetadata } from "../generated/PhotoMetadata";
import type { UploadEvent } from "../generated/UploadEvent";
import type { ResizePhotoOptions } from "../resize-photo.js";
import type { BrowserDecoder, DecoderName, ModuleName } from "../routes.js";
import type { FileDescription, UploadQueueConfig, VariantFile } from "../wasm/upload.js";

/** The first message to any worker; the rest may follow at once. */
export interface Start<Config> {
  kind: "start";
  module: WebAssembly.Module;
  config: Config;
}

/** The first message from any worker: its script has come, and runs. */
export interface Ready {
  kind: "ready";
}

/** One job for a worker of a pool, and its answer. A worker has one job at a time. */
export interface Job<Request> {
  kind: "job";
  request: Request;
}

export type JobAnswer<Reply> =
  | { kind: "done"; reply: Reply }
  /** With `trapped` the worker must not be used again. */
  | { kind: "failed"; error: PlainError; trapped: boolean };

export type ImageRequest =
  | { task: "read"; file: Blob }
  | ResizeRequest;

export interface ResizeRequest {
  task: "resize";
  file: Blob;
  options: ResizePhotoOptions;
  /** The modules beside the photo module that were asked for with `needs-module`, compiled. */
  modules: { readonly [name in ModuleName]?: WebAssembly.Module };
  /** This decoder of the browser, and no other. */
  only?: BrowserDecoder;
}

export interface ResizedPhoto {
  images: VariantFile[];
  warnings: MetadataWarning[];
  work: ResizeWork;
}

/** What it took to make the smaller pictures of a photo. */
export interface ResizeWork {
  decoder: DecoderName;
  /** In the worker, from the file to the encoded pictures, in milliseconds. */
  took_ms: number;
  /** Of all modules in the worker together. Such memory never shrinks: no photo so far needed more. */
  memory_bytes: number;
}

export type ImageReply =
  | { task: "read"; metadata: PhotoMetadata }
  | ({ task: "resize" } & ResizedPhoto)
  /** Ask again with this module, too. */
  | { task: "needs-module"; module: ModuleName };

export type ToUploadWorker =
  | Start<UploadQueueConfig>
  | { kind: "add"; clientRef: string; file: Blob; description: FileDescription }
  | { kind: "pause" | "resume"; clientRef: string }
  | { kind: "cancel"; clientRef: string }
  | { kind: "online"; online: boolean }
  | { kind: "originals"; wait: boolean }
  | { kind: "token"; question: number; token: string }
  | { kind: "no-token"; question: number; error: PlainError };

export type FromUploadWorker =
  | { kind: "event"; event: UploadEvent }
  | { kind: "token"; question: number }
  /** One file could not be added. */
  | { kind: "refused"; clientRef: string; error: PlainError }
  /** The worker must not be used again. */
  | { kind: "trapped"; message: string };
