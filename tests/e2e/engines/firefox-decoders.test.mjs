/** Pictures decoded in Gecko: by the browser where it can, and by our modules. */

import { launchFirefox } from "./harness/firefox.mjs";
import { decodersIn } from "./harness/decoders.mjs";

decodersIn(launchFirefox, []);
