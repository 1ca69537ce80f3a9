/** jSquash: MozJPEG both ways and Squoosh's resizer, Lanczos3; smaller pictures from the first one. */
import decode, { init as initDecode } from "@jsquash/jpeg/decode";
import encode, { init as initEncode } from "@jsquash/jpeg/encode";
import resize, { initResize } from "@jsquash/resize";

import { answer } from "../in-worker.js";

const compiled = (path) => WebAssembly.compileStreaming(fetch(path));
const loading = Promise.all([
  compiled("/jsquash-dec/mozjpeg_dec.wasm").then(initDecode),
  compiled("/jsquash-enc/mozjpeg_enc.wasm").then(initEncode),
  compiled("/jsquash-resize/squoosh_resize_bg.wasm").then(initResize),
]);

answer(async ({ file, sizes, quality }) => {
  await loading;
  let picture = await decode(await file.arrayBuffer(), { preserveOrientation: true });
  const made = [];
  for (const { width, height } of sizes) {
    // As the others do it: not in linear light.
    picture = await resize(picture, { width, height, method: "lanczos3", linearRGB: false });
    const bytes = await encode(picture, { quality: Math.round(quality * 100) });
    made.push(new Blob([bytes], { type: "image/jpeg" }));
  }
  return made;
});
