/** Uppy v5: its parts are signed one by one, and begun, listed and joined by the server. */

import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

import { ask, enter, PARTS_FROM_BYTES } from "./uppy.js";

const prefix = new URLSearchParams(location.search).get("prefix");
const keyOf = ({ name }) => `${prefix}/${name}`;

enter(
  new Uppy().use(AwsS3, {
    shouldUseMultipart: ({ size }) => size > PARTS_FROM_BYTES,
    getUploadParameters: async (file, { signal }) => ({
      method: "PUT",
      ...(await ask("/sign", { method: "PUT", key: keyOf(file) }, signal)),
    }),
    createMultipartUpload: (file) => ask("/multipart/create", { key: keyOf(file) }),
    signPart: (_file, { signal, key, uploadId, partNumber }) => ask("/sign", { method: "PUT", key, uploadId, partNumber }, signal),
    listParts: (_file, { signal, key, uploadId }) => ask("/multipart/list", { key, uploadId }, signal),
    completeMultipartUpload: (_file, { signal, key, uploadId, parts }) =>
      ask("/multipart/complete", { key, uploadId, parts }, signal),
    abortMultipartUpload: (_file, { signal, key, uploadId }) => ask("/multipart/abort", { key, uploadId }, signal),
  }),
);
