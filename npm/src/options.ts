/** What a client is made with, and the checks on it. */
import { WindlassError } from "./errors.js";
import type { ColorPolicy } from "./generated/ColorPolicy";
import type { MetadataPolicy } from "./generated/MetadataPolicy";
import type { VariantOptions } from "./generated/VariantOptions";
import type { OutputFormat } from "./resize-photo.js";
import type { TokenProvider } from "./token.js";
import type { UploadQueueConfig } from "./wasm/upload.js";

export type OriginalsPolicy = "at-once" | "on-wifi";

export interface WindlassOptions {
  /** The service's address, such as `https://photos.example.com`; relative to the page where it is. */
  endpoint: string;
  /** What the photos are attached to: a job, a site, an album. */
  project: string;
  /** Gives a JWT for the service. Asked again when one expires; never stored. */
  token: TokenProvider;
  /** The smaller pictures to make; `[]` for none. By default 200 px for lists and 1,920 px for the web. */
  variants?: readonly VariantOptions[];
  /** What of the photo's metadata the smaller pictures carry; the original is never changed. */
  metadata?: MetadataPolicy;
  /**
   * The colours of the smaller pictures: `keep` when absent, with the original's profile (Display P3 stays Display
   * P3); `srgb` converts them, which takes longer for photos that are not sRGB.
   */
  color?: ColorPolicy;
  /**
   * What the smaller pictures are encoded as: `jpeg` when absent. `webp` is encoded by the browser; where it cannot,
   * as in Safari, it is JPEG all the same, and the upload's warnings say so.
   */
  format?: OutputFormat;
  /**
   * When originals go, once their smaller pictures are stored: `at-once` when absent. With `on-wifi` they wait
   * while the browser says that the phone's own network is in use; most browsers on phones but Chromium's do not
   * say, and there they go at once. `client.originals` changes it at any time.
   */
  originals?: OriginalsPolicy;
  /** How many connections the engine may use at once; it chooses fewer on a bad network. */
  maxConnections?: number;
  /**
   * Gives a file up after this many milliseconds online without any success. By default never: what can
   * heal is waited for, however long it takes.
   */
  giveUpAfterMs?: number;
  /**
   * Whether bytes go in small pieces, which the service puts together, where the signal is too weak to carry
   * more in one go; true by default. It costs more requests to the store: `docs/weak-signal.md`.
   */
  weakSignal?: boolean;
  /**
   * Who is signed in: what one user left in this browser is not sent as another. By default the token's `sub`; give it
   * where files may be chosen before a token can be had (offline), or where tokens have none. A service worker goes by
   * `sub` alone, and leaves what is kept for another subject to the next page.
   */
  subject?: string;
  /** Whether files are kept in the browser until they are stored, so that they outlive the page; true by default. */
  keep?: boolean;
  /** Whether this client goes on with what earlier pages left, and shows what other tabs send; true by default. */
  resume?: boolean;
  /**
   * Your service worker, which calls `drainInBackground` of `windlass/service-worker`: what is kept is then
   * sent after the last tab is closed, in browsers with Background Sync. See the README.
   */
  serviceWorkerUrl?: string;
  /** Whether the screen stays on while something is sent; true by default. */
  wakeLock?: boolean;
  /** How many photos are resized at once; by default one less than there are cores, at most 4. */
  imageWorkers?: number;
}

export interface AddManyOptions {
  /** Aborting it cancels the upload, and whatever `retry()` makes of it before that. */
  signal?: AbortSignal;
  /**
   * Send it even if these very bytes are on their way already, or were stored: by this client, or by the same person
   * in this project before, from whatever page or device. Otherwise the upload ends with the photo that is there, with
   * `alreadyStored`, and `sameAs` where this client sent it.
   */
  again?: boolean;
}

export interface AddOptions extends AddManyOptions {
  /**
   * Your own idempotency key: the same one for the same file gives the same upload, another one another. Where several
   * people use one device let it be unique beyond the person: a file is kept under it, and of two people's only one is.
   */
  clientRef?: string;
  /** With `clientRef`: some of it may have been sent under that name before. What the store has is asked for first. */
  resumed?: boolean;
  /** For a `Blob` without a name. */
  filename?: string;
  /** From a file picker: the file can then be read again after a reload where there is no room to keep it. */
  handle?: FileSystemFileHandle;
}

/** Absolute, for workers have no page to be relative to, and without a slash at its end. */
export function absoluteEndpoint(endpoint: string): string {
  const base = (globalThis as { document?: Document }).document?.baseURI;
  let url: URL;
  try {
    url = new URL(endpoint, base);
  } catch (cause) {
    throw new WindlassError("invalid_options", `endpoint: “${endpoint}” is not an address.`, { cause });
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new WindlassError("invalid_options", `endpoint: “${endpoint}” is not an http address.`);
  }
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

export function checkOptions(options: WindlassOptions): void {
  const { endpoint, project, token, originals, imageWorkers, maxConnections, giveUpAfterMs } = options;
  // As of a setting that was forgotten: read as an address it is a folder beside the page, where nobody ever answers.
  if (endpoint === undefined || endpoint === null) {
    throw new WindlassError("invalid_options", "endpoint: the service's address is missing.");
  }
  if (typeof project !== "string" || project === "") {
    throw new WindlassError("invalid_options", "project: the id of the project is missing.");
  }
  if (typeof token !== "function") {
    throw new WindlassError("invalid_options", "token: a function that returns a token is missing.");
  }
  checkPictures(options);
  if (originals !== undefined) {
    checkOriginals(originals);
  }
  for (const [name, value] of Object.entries({ imageWorkers, maxConnections })) {
    if (value !== undefined && !(Number.isInteger(value) && value >= 1)) {
      throw new WindlassError("invalid_options", `${name}: must be a whole number from 1.`);
    }
  }
  if (giveUpAfterMs !== undefined && !(Number.isInteger(giveUpAfterMs) && giveUpAfterMs >= 1)) {
    throw new WindlassError("invalid_options", "giveUpAfterMs: must be a whole number of milliseconds from 1.");
  }
}

/** What no picture can be made by would cost every photo its smaller pictures, and be told with each of them only. */
function checkPictures({ variants = [], metadata, color, format }: WindlassOptions): void {
  if (metadata !== undefined && metadata !== "keep" && metadata !== "strip-location" && metadata !== "strip") {
    throw new WindlassError("invalid_options", `metadata: “${String(metadata)}” is none of "keep", "strip-location" and "strip".`);
  }
  if (color !== undefined && color !== "keep" && color !== "srgb") {
    throw new WindlassError("invalid_options", `color: “${String(color)}” is neither "keep" nor "srgb".`);
  }
  if (format !== undefined && format !== "jpeg" && format !== "webp") {
    throw new WindlassError("invalid_options", `format: “${String(format)}” is neither "jpeg" nor "webp".`);
  }
  for (const { name, max_edge, quality = 1 } of variants) {
    if (!(Number.isInteger(max_edge) && max_edge >= 1)) {
      throw new WindlassError("invalid_options", `variants: max_edge of “${name}” must be a whole number of pixels from 1.`);
    }
    if (!(typeof quality === "number" && quality >= 0 && quality <= 1)) {
      throw new WindlassError("invalid_options", `variants: quality of “${name}” must be a number from 0 to 1.`);
    }
  }
}

export function checkOriginals(originals: OriginalsPolicy): void {
  if (originals !== "at-once" && originals !== "on-wifi") {
    throw new WindlassError("invalid_options", `originals: “${String(originals)}” is neither "at-once" nor "on-wifi".`);
  }
}

/** What the engine is told of the options. `endpoint` is absolute. */
export function queueConfig(options: WindlassOptions, endpoint: string): UploadQueueConfig {
  const { project, maxConnections, giveUpAfterMs, weakSignal } = options;
  return {
    endpoint,
    project,
    ...(maxConnections === undefined ? {} : { max_connections: maxConnections }),
    ...(giveUpAfterMs === undefined ? {} : { give_up_after_ms: giveUpAfterMs }),
    ...(weakSignal === undefined ? {} : { weak_signal: weakSignal }),
  };
}

/** A progressive 12-megapixel photo takes some 110 MB to decode, so phones with little memory get fewer. */
export function defaultImageWorkers(): number {
  const { hardwareConcurrency = 2, deviceMemory = 8 } = navigator as Navigator & { deviceMemory?: number };
  const byMemory = deviceMemory <= 2 ? 1 : deviceMemory <= 4 ? 2 : 4;
  return Math.max(1, Math.min(hardwareConcurrency - 1, byMemory));
}
