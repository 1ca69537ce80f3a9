/**
 * Whether `createImageBitmap` turns a picture as its container says. HEIC and AVIF prescribe it (ISO/IEC 23008-12,
 * 6.5.10 and 6.5.12), and yet WebKitGTK gives an AVIF as it is stored.
 */

/** A grey AVIF of 16 × 8 pixels, to be shown turned by 90°; made as the AVIFs of the tests are. */
const PROBE =
  "AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAOptZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAABAAAA" +
  "Hmlsb2MAAAAARAAAAQABAAAAAQAAAQ4AAAAaAAAAI2lpbmYAAAAAAAEAAAAVaW5mZQIAAAAAAQAAYXYwMQAAAABuaXBycAAAAE9pcGNvAAAAFGlzcGUAAAAA" +
  "AAAAEAAAAAgAAAAQcGl4aQAAAAADCAgIAAAAGmF2MUOBAAwACgwAAAABl/AGiAhoDCAAAAAJaXJvdAEAAAAXaXBtYQAAAAAAAAABAAEEAQKDhAAAACJtZGF0" +
  "CgwAAAABl/AGiAhoDCAyChBNAAggghAIJBQ=";

let turnsAvif: Promise<boolean> | undefined;

/** Rejects where this browser has no AVIF. */
function avifIsTurned(): Promise<boolean> {
  turnsAvif ??= (async () => {
    const bytes = Uint8Array.from(atob(PROBE), (character) => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/avif" }));
    const isTurned = bitmap.height > bitmap.width;
    bitmap.close();
    return isTurned;
  })();
  return turnsAvif;
}

/**
 * Whether a bitmap of that size is upright, when the container says to turn the picture by this EXIF orientation;
 * `null` where nothing tells. A HEIC's size tells by itself unless width and height stay what they are; no probe of
 * ours can be HEIC.
 */
export async function bitmapIsUpright(
  type: string,
  orientation: number,
  stored: { width: number; height: number },
  bitmap: { width: number; height: number },
): Promise<boolean | null> {
  if (orientation === 1) {
    return true;
  }
  if (type === "image/avif") {
    return avifIsTurned();
  }
  const isTold = orientation >= 5 && stored.width !== stored.height;
  return isTold ? stored.width > stored.height !== bitmap.width > bitmap.height : null;
}
