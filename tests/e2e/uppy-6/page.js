/** A page as users of `@uppy/aws-s3` 6 have it: an input, and what became of each file in `window.ends`. */
import AwsS3 from "@uppy/aws-s3";
import Uppy from "@uppy/core";

import { authorize } from "../../../examples/uppy/src/authorize.js";

window.ends = [];
window.start = ({ endpoint, token, meta, multipart }) => {
  authorize(endpoint, async () => token);
  const uppy = new Uppy({ autoProceed: true, meta }).use(AwsS3, {
    companionEndpoint: endpoint,
    shouldUseMultipart: multipart,
  });
  uppy.on("upload-success", ({ name }, { uploadURL, body }) => window.ends.push({ name, uploadURL, key: body.key }));
  uppy.on("upload-error", ({ name }, error) => window.ends.push({ name, error: error.message, is: error.name }));
  document.querySelector("#files").addEventListener("change", ({ target }) => {
    for (const file of target.files) uppy.addFile({ name: file.name, type: file.type, data: file });
  });
};
