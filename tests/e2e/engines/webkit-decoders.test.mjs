/** Pictures decoded in WebKit: by the browser where it can, and by our modules. */

import { launchWebKit } from "./harness/webkit.mjs";
import { decodersIn } from "./harness/decoders.mjs";

// It has no ImageDecoder, and gives an AVIF as it is stored. WebP is left to the codecs.
const has = {
  "image-bitmap": [".jpg", ".png", ".webp", ".avif"],
  best: [".jpg", ".png", ".avif"],
};
decodersIn(launchWebKit, has);
