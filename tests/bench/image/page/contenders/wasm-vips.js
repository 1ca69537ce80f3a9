import { inWorker } from "../in-worker.js";

export function prepare() {
  const ask = inWorker("/built/workers/vips.js");
  return async (file, edges, quality) => (await ask({ file, edges, quality })).made;
}
