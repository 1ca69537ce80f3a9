/** The names of what a file can say about itself. */
export const factStrings = {
  format: "Format",
  pixels: "Pixels as stored",
  orientation: "Orientation",
  make: "Maker",
  model: "Model",
  lens: "Lens",
  software: "Software",
  taken: "Taken",
  latitude: "Latitude",
  longitude: "Longitude",
  altitude: "Altitude",
  direction: "Looking",
  gpsTime: "GPS time",
  exposure: "Exposure time",
  aperture: "Aperture",
  iso: "ISO speed",
  focalLength: "Focal length",
  flash: "Flash",
  flashFired: "Fired",
  flashNotFired: "Did not fire",
  zoneUnknown: "zone unknown",
  north: "from north",

  /** `shown` is the orientation that counts, 1 to 8 as in EXIF; `tag` what the EXIF tag says. */
  turned: (shown: number, tag: number | null): string => {
    const words = TURNS[shown - 1] ?? "unknown";
    return tag === null || tag === shown ? `${shown}: ${words}` : `${shown}: ${words} (the EXIF tag says ${tag})`;
  },
};

const TURNS = [
  "upright",
  "mirrored",
  "turned by 180°",
  "mirrored and turned by 180°",
  "mirrored and turned left",
  "turned right",
  "mirrored and turned right",
  "turned left",
];

export type FactStrings = typeof factStrings;
