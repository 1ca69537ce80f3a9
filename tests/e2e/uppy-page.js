/**
 * A page as users of `@uppy/aws-s3` have it: an input, what became of each file in `window.ends`, and the numbers of
 * the parts that were stored in `window.parts`.
 */

/** `options` gives those of the plugin, for the service's address and a token. */
export function offer(Uppy, AwsS3, options) {
  window.ends = [];
  window.parts = [];
  window.start = ({ endpoint, token, meta, multipart }) => {
    const uppy = new Uppy({ autoProceed: true, meta }).use(AwsS3, { shouldUseMultipart: multipart, ...options(endpoint, token) });
    window.uppy = uppy;
    uppy.on("s3-multipart:part-uploaded", (_, { PartNumber }) => window.parts.push(PartNumber));
    uppy.on("upload-success", ({ name }, { uploadURL, body }) => window.ends.push({ name, uploadURL, key: body.key }));
    uppy.on("upload-error", ({ name }, error) => window.ends.push({ name, error: error.message, is: error.name }));
    document.querySelector("#files").addEventListener("change", ({ target }) => {
      for (const file of target.files) uppy.addFile({ name: file.name, type: file.type, data: file });
    });
  };
}
