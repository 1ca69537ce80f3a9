/** Uppy v6: its own S3 client asks for a signed URL before each request to the store. */

import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

import { ask, enter, PARTS_FROM_BYTES } from "./uppy.js";

const prefix = new URLSearchParams(location.search).get("prefix");

enter(
  new Uppy().use(AwsS3, {
    shouldUseMultipart: ({ size }) => size > PARTS_FROM_BYTES,
    generateObjectKey: ({ name }) => `${prefix}/${name}`,
    signRequest: (request) => ask("/sign", request),
  }),
);
