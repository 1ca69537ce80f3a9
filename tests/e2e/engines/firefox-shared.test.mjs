/** What more than one page or person has a part in, in Gecko. */

import { launchFirefox } from "./harness/firefox.mjs";
import { sharedJobIn } from "./harness/shared-job.mjs";

sharedJobIn(launchFirefox);
