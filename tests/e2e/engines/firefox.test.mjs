/** The main job in Gecko: Firefox ESR, what a company's locked-down laptops have. */

import { launchFirefox } from "./harness/firefox.mjs";
import { keptJobIn } from "./harness/kept-job.mjs";
import { mainJobIn } from "./harness/main-job.mjs";

mainJobIn("firefox", launchFirefox);
keptJobIn(launchFirefox, "opfs");
