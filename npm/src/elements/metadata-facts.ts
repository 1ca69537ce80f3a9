/** All that was read from a file, as names and values with their units. What the file does not say is left out. */
import type { GpsReading } from "../generated/GpsReading";
import type { PhotoMetadata } from "../generated/PhotoMetadata";
import type { TakenAt } from "../generated/TakenAt";
import { element } from "./dom.js";
import type { FactStrings } from "./facts.strings.js";
import { formatNumber } from "./format.js";
import { formatExposure } from "./photo-facts.js";

export type Fact = readonly [name: string, value: string];

export function metadataFacts(metadata: PhotoMetadata, words: FactStrings, locale?: string): Fact[] {
  const number = (value: number, digits: number): string => formatNumber(value, digits, locale);
  const { width, height, orientation, display_orientation: shown, flash_fired: flash } = metadata;
  const facts: [string, string | null][] = [
    [words.format, metadata.content_type],
    [words.pixels, width === null || height === null ? null : `${width} × ${height}`],
    [words.orientation, orientation === null && shown === 1 ? null : words.turned(shown, orientation)],
    [words.make, metadata.make],
    [words.model, metadata.model],
    [words.lens, metadata.lens_model],
    [words.software, metadata.software],
    [words.taken, metadata.taken_at && readTime(metadata.taken_at, words)],
    ...placeFacts(metadata.location, words, number),
    [words.exposure, metadata.exposure_time_s === null ? null : formatExposure(metadata.exposure_time_s)],
    [words.aperture, metadata.f_number === null ? null : `f/${number(metadata.f_number, 1)}`],
    [words.iso, metadata.iso === null ? null : String(metadata.iso)],
    [words.focalLength, metadata.focal_length_mm === null ? null : `${number(metadata.focal_length_mm, 2)} mm`],
    [words.flash, flash === null ? null : flash ? words.flashFired : words.flashNotFired],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
}

/** Facts as a list of names and values. */
export function factList(facts: readonly Fact[]): HTMLDListElement {
  return element(
    "dl",
    { class: "readings" },
    ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]),
  );
}

function placeFacts(
  reading: GpsReading | null,
  words: FactStrings,
  number: (value: number, digits: number) => string,
): [string, string | null][] {
  if (reading === null) {
    return [];
  }
  const value = (quantity: number | null, digits: number, unit: string): string | null =>
    quantity === null ? null : `${number(quantity, digits)}${unit}`;
  return [
    [words.latitude, value(reading.latitude, 6, "°")],
    [words.longitude, value(reading.longitude, 6, "°")],
    [words.altitude, value(reading.altitude_m, 1, " m")],
    [words.direction, value(reading.direction_deg, 1, `° ${words.north}`)],
    [words.gpsTime, reading.gps_time && `${reading.gps_time.replace("T", " ").replace("Z", "")} UTC`],
  ];
}

/** The camera's clock to the last digit it wrote. */
function readTime({ local, offset }: TakenAt, words: FactStrings): string {
  return `${local.replace("T", " ")} ${offset === null ? `(${words.zoneUnknown})` : `UTC${offset}`}`;
}
