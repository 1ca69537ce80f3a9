/** `@uppy/aws-s3` 5. */
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

import { offer } from "../uppy-page.js";

offer(Uppy, AwsS3, (endpoint, token) => ({ endpoint, headers: { authorization: `Bearer ${token}` } }));
