/** `@uppy/aws-s3` 6, whose requests carry no headers of ours by themselves. */
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

import { authorize } from "../../../examples/uppy/src/authorize.js";
import { offer } from "../uppy-page.js";

offer(Uppy, AwsS3, (endpoint, token) => {
  authorize(endpoint, async () => token);
  return { companionEndpoint: endpoint };
});
