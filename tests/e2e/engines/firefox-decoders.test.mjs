/** Pictures decoded in Gecko: by the browser where it can, and by our modules. */

import { launchFirefox } from "./harness/firefox.mjs";
import { decodersIn } from "./harness/decoders.mjs";

// Its ImageDecoder does not say how an AVIF is to be turned.
const has = {
  "image-decoder": [".jpg", ".png", ".webp"],
  "image-bitmap": [".jpg", ".png", ".webp", ".avif"],
  best: [".jpg", ".png", ".webp", ".avif"],
};
decodersIn(launchFirefox, has);
