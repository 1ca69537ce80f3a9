/** The main job in WebKit, the engine of every browser on an iPhone. */

import { keptJobIn } from "./harness/kept-job.mjs";
import { mainJobIn } from "./harness/main-job.mjs";
import { launchWebKit } from "./harness/webkit.mjs";

mainJobIn("webkit", launchWebKit);
// WebKitGTK has no private file system a worker can write.
keptJobIn(launchWebKit, "indexed_db");
