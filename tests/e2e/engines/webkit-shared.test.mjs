/** What more than one page or person has a part in, in WebKit. */

import { sharedJobIn } from "./harness/shared-job.mjs";
import { launchWebKit } from "./harness/webkit.mjs";

sharedJobIn(launchWebKit);
