import assert from "node:assert/strict";
import { test } from "node:test";

import { factStrings } from "../src/elements/facts.strings.js";
import { metadataFacts } from "../src/elements/metadata-facts.js";
import { formatPictures } from "../src/elements/photo-facts.js";
import { uploaderStrings } from "../src/elements/uploader.strings.js";
import type { Photo } from "../src/generated/Photo";
import type { PhotoMetadata } from "../src/generated/PhotoMetadata";

const nothing: PhotoMetadata = {
  content_type: null,
  make: null,
  model: null,
  orientation: null,
  display_orientation: 1,
  taken_at: null,
  location: null,
  width: null,
  height: null,
  exposure_time_s: null,
  f_number: null,
  iso: null,
  focal_length_mm: null,
  lens_model: null,
  flash_fired: null,
  software: null,
  warnings: [],
};
const read = (changes: Partial<PhotoMetadata>) => metadataFacts({ ...nothing, ...changes }, factStrings, "en");

test("every value that was read has a name and its unit", () => {
  const facts = read({
    content_type: "image/jpeg",
    width: 4048,
    height: 3036,
    orientation: 6,
    display_orientation: 6,
    make: "Google",
    model: "Pixel 2",
    lens_model: "back camera",
    software: "HDR+",
    taken_at: { local: "2018-07-25T16:34:23.512", offset: "+02:00" },
    location: { latitude: -47.376912, longitude: 8.5417, altitude_m: 408.25, direction_deg: 181.5, gps_time: "2018-07-25T14:34:20Z" },
    exposure_time_s: 0.008,
    f_number: 1.8,
    iso: 57,
    focal_length_mm: 4.442,
    flash_fired: false,
  });
  assert.deepEqual(facts, [
    ["Format", "image/jpeg"],
    ["Pixels as stored", "4048 × 3036"],
    ["Orientation", "6: turned right"],
    ["Maker", "Google"],
    ["Model", "Pixel 2"],
    ["Lens", "back camera"],
    ["Software", "HDR+"],
    ["Taken", "2018-07-25 16:34:23.512 UTC+02:00"],
    ["Latitude", "-47.376912°"],
    ["Longitude", "8.5417°"],
    ["Altitude", "408.3 m"],
    ["Looking", "181.5° from north"],
    ["GPS time", "2018-07-25 14:34:20 UTC"],
    ["Exposure time", "1/125 s"],
    ["Aperture", "f/1.8"],
    ["ISO speed", "57"],
    ["Focal length", "4.44 mm"],
    ["Flash", "Did not fire"],
  ]);
});

test("what the file does not say is left out, and a zero is said", () => {
  assert.deepEqual(read({}), []);
  const place = { latitude: 0, longitude: null, altitude_m: null, direction_deg: null, gps_time: null };
  assert.deepEqual(read({ location: place, iso: 0 }), [["Latitude", "0°"], ["ISO speed", "0"]]);
  assert.deepEqual(read({ taken_at: { local: "2018-07-25T16:34:23", offset: null } }), [["Taken", "2018-07-25 16:34:23 (zone unknown)"]]);
});

test("an orientation that the container overrules is told with both", () => {
  assert.deepEqual(read({ orientation: 6, display_orientation: 1 }), [["Orientation", "1: upright (the EXIF tag says 6)"]]);
  assert.deepEqual(read({ orientation: 0, display_orientation: 1 }), [["Orientation", "1: upright (the EXIF tag says 0)"]]);
});

test("what decoded a photo is named, also where it is new here", () => {
  assert.match(uploaderStrings.madeBy("photo", 78.4, "17.8 MB"), /the fast path for JPEG; .*78\u00a0ms, with 17\.8 MB/);
  assert.match(uploaderStrings.madeBy("tomorrow", 1, "1 MB"), /Decoded by tomorrow;/);
});

test("the smaller pictures are listed by size", () => {
  const variants: Photo["variants"] = {
    web_1920: { url: "", width: 1440, height: 1920 },
    thumb_200: { url: "", width: 150, height: 200 },
  };
  assert.equal(formatPictures({ variants }), "150 × 200, 1440 × 1920 px");
  assert.equal(formatPictures({ variants: {} }), null);
});
