/** The upload module: the engine with its browser shell. It runs in a worker only. */
import type { PhotoMetadata } from "../generated/PhotoMetadata";
import type { UploadEvent } from "../generated/UploadEvent";
import { compileOnce } from "./compile.js";

/** What `windlass_upload` exports. */
export interface UploadModule {
  UploadQueue: new (config: UploadQueueConfig, host: UploadHost) => UploadQueue;
}

export interface UploadQueueConfig {
  /** The service's address without a slash at its end; `/api/v1/…` is appended. */
  endpoint: string;
  project: string;
  max_connections?: number;
  give_up_after_ms?: number;
  /** Whether bytes go in small pieces where the line is weak; yes when absent. */
  weak_signal?: boolean;
}

/** What the queue asks of the page. */
export interface UploadHost {
  token(): Promise<string>;
  onEvent(event: UploadEvent): void;
}

/** A smaller picture that goes with a file. */
export interface VariantFile {
  name: string;
  content_type: string;
  width: number;
  height: number;
  blob: Blob;
}

export interface FileDescription {
  filename: string;
  content_type: string;
  metadata?: PhotoMetadata;
  variants?: VariantFile[];
  /** Whether some of it may have been sent before: the store is asked first. */
  resumed?: boolean;
  /** Whether it is sent even if these very bytes were sent before. */
  again?: boolean;
}

/** Without a reference, `pause` and `resume` mean everything in the queue. */
export interface UploadQueue {
  add(clientRef: string, file: Blob, description: FileDescription): void;
  pause(clientRef?: string): void;
  resume(clientRef?: string): void;
  cancel(clientRef: string): void;
  setOnline(online: boolean): void;
  setOriginalsWait(wait: boolean): void;
  free(): void;
}

/** Compiled once a page; the worker gets the compiled module by message. */
export const compileUploadModule = compileOnce(() => new URL("./windlass_upload_bg.wasm", import.meta.url));
