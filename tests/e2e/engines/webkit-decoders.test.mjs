/** Pictures decoded in WebKit: by the browser where it can, and by our modules. */

import { launchWebKit } from "./harness/webkit.mjs";
import { decodersIn } from "./harness/decoders.mjs";

decodersIn(launchWebKit, []);
