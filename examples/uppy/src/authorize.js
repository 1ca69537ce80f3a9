/**
 * `@uppy/aws-s3` 6 asks its `companionEndpoint` by a plain `fetch` and has no option for headers. This adds
 * the token to requests that go below `<endpoint>/s3/` and to no other; it is asked for each time, so that
 * one that has expired is not sent. (`@uppy/aws-s3` 5 needs none of this: it has `headers`.)
 */
export function authorize(endpoint, token) {
  const place = new URL(`${endpoint.replace(/\/$/, "")}/s3/`, location.href).href;
  const plain = globalThis.fetch;
  globalThis.fetch = async (input, init = {}) => {
    const url = new URL(input instanceof Request ? input.url : input, location.href);
    if (!url.href.startsWith(place)) return plain(input, init);
    const request = new Request(input, init);
    request.headers.set("authorization", `Bearer ${await token()}`);
    return plain(request);
  };
}
