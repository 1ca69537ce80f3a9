/** What is worth saying about a photo, and which of its pictures to show. */
import type { Photo } from "../generated/Photo";
import type { PhotoMetadata } from "../generated/PhotoMetadata";
import type { TakenAt } from "../generated/TakenAt";
import { formatBytes, formatNumber } from "./format.js";

export interface Picture {
  url: string;
  width: number | null;
  height: number | null;
}

/** So long it may take until an address that is opened is asked for. */
const OPENING_MS = 60_000;
/** Types every current browser shows. */
const SHOWN = new Set(["image/jpeg", "image/png", "image/webp", "image/gif", "image/avif"]);

/** Whether its original is on its way, and only smaller pictures of it are there. */
export function isArriving({ status }: Pick<Photo, "status">): boolean {
  return status === "pending_upload";
}

/** Whether it is quarantined: nobody is given an address of it. */
export function isLocked({ status }: Pick<Photo, "status">): boolean {
  return status === "quarantined";
}

/** Whether its addresses have ended, or may have before somebody has opened them. */
export function endsSoon({ url_expires_at }: Pick<Photo, "url_expires_at">): boolean {
  return url_expires_at !== null && Date.parse(url_expires_at) - Date.now() < OPENING_MS;
}

/** The smallest picture whose longer edge has at least so many pixels, or else the largest there is. */
export function pictureFor(photo: Photo, edgePx: number): Picture | null {
  const variants = Object.values(photo.variants)
    .filter(({ url }) => isWebAddress(url))
    .sort((a, b) => longEdge(a) - longEdge(b));
  const enough = variants.find((variant) => longEdge(variant) >= edgePx);
  if (enough !== undefined) {
    return enough;
  }
  // A photo no larger than its variant has none of that size: the original is then as good.
  const { url, width, height } = photo;
  return SHOWN.has(photo.content_type) && isWebAddress(url) ? { url, width, height } : (variants.at(-1) ?? null);
}

/** Addresses come from a server; only these may become a link or a picture. */
export function isWebAddress(text: string | null): text is string {
  try {
    return text !== null && ["https:", "http:"].includes(new URL(text, globalThis.document?.baseURI).protocol);
  } catch {
    return false;
  }
}

/** `Google Pixel 2`; makers who repeat their name in the model are named once. */
export function cameraName({ make, model }: Pick<PhotoMetadata, "make" | "model">): string | null {
  if (model === null || make === null) {
    return model ?? make;
  }
  return model.toLowerCase().startsWith((make.split(" ")[0] ?? make).toLowerCase()) ? model : `${make} ${model}`;
}

export function takenAt({ metadata, taken_at }: Pick<Photo, "metadata" | "taken_at">): TakenAt | null {
  if (metadata?.taken_at) {
    return metadata.taken_at;
  }
  const parts = /^(\d{4}-\d\d-\d\dT[\d:.]+)(Z|[+-]\d\d:\d\d)?$/.exec(taken_at ?? "");
  return parts?.[1] === undefined ? null : { local: parts[1], offset: parts[2] === "Z" ? "+00:00" : (parts[2] ?? null) };
}

/** By locale: making one takes far longer than writing with it, and a gallery may show thousands of photos. */
const CLOCKS = new Map<string, Intl.DateTimeFormat>();

/** The clock of the camera as it showed, in the reader's notation, never moved to another zone. */
export function formatTaken({ local }: TakenAt, locale?: string): string | null {
  // Read as UTC and written as UTC, so that the figures stay those of the camera. Dates have no leap second.
  const moment = new Date(`${local.replace(/:60(\.\d+)?$/, ":59$1").replace(/(\.\d{3})\d+$/, "$1")}Z`);
  if (Number.isNaN(moment.getTime())) {
    return null;
  }
  let clock = CLOCKS.get(locale ?? "");
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "medium", timeZone: "UTC" });
    CLOCKS.set(locale ?? "", clock);
  }
  return clock.format(moment);
}

/** `47.37690, 8.54170 · 408 m`: five digits are about a metre. */
export function formatPlace({ latitude, longitude, altitude_m }: NonNullable<Photo["location"]>): string {
  const place = `${latitude.toFixed(5)}, ${longitude.toFixed(5)}`;
  return altitude_m === null ? place : `${place} · ${formatNumber(altitude_m, 0)} m`;
}

export function mapAddress({ latitude, longitude }: NonNullable<Photo["location"]>): string {
  const [lat, lon] = [latitude.toFixed(6), longitude.toFixed(6)];
  return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=17/${lat}/${lon}`;
}

/** `1/125 s`, and from 0.4 s on `2.5 s`. */
export function formatExposure(seconds: number): string {
  return seconds >= 0.4 || seconds <= 0 ? `${formatNumber(seconds, 1)} s` : `1/${Math.round(1 / seconds)} s`;
}

/** `1/125 s · f/1.8 · ISO 57 · 4.4 mm`. */
export function formatSettings(metadata: PhotoMetadata): string | null {
  const { exposure_time_s: exposure, f_number, iso, focal_length_mm } = metadata;
  const parts = [
    exposure === null || exposure <= 0 ? null : formatExposure(exposure),
    f_number === null ? null : `f/${formatNumber(f_number, 1)}`,
    iso === null ? null : `ISO ${iso}`,
    focal_length_mm === null ? null : `${formatNumber(focal_length_mm, 1)} mm`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(" · ");
}

export function formatSize({ width, height, size }: Pick<Photo, "width" | "height" | "size">): string {
  return width === null || height === null ? formatBytes(size) : `${width} × ${height} px · ${formatBytes(size)}`;
}

/** `150 × 200, 1440 × 1920 px`, smallest first. */
export function formatPictures({ variants }: Pick<Photo, "variants">): string | null {
  const sizes = Object.values(variants)
    .sort((a, b) => longEdge(a) - longEdge(b))
    .map(({ width, height }) => `${width} × ${height}`);
  return sizes.length === 0 ? null : `${sizes.join(", ")} px`;
}

function longEdge({ width, height }: { width: number; height: number }): number {
  return Math.max(width, height);
}
