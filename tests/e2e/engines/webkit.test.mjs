/** The main job in WebKit, the engine of every browser on an iPhone. */

import { mainJobIn } from "./harness/main-job.mjs";
import { launchWebKit } from "./harness/webkit.mjs";

mainJobIn("webkit", launchWebKit);
