/** The browser's own decoders, both in one kind of worker. */
import { inWorker } from "../in-worker.js";

export function prepareNative(decoder, fitted) {
  const ask = inWorker("/built/workers/native.js");
  return async (file, edges, quality) => {
    const sizes = edges.map(fitted);
    return (await ask({ decoder, file, sizes, upright: fitted(Infinity), quality })).made;
  };
}
