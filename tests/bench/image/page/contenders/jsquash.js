import { inWorker } from "../in-worker.js";

export function prepare(fitted) {
  const ask = inWorker("/built/workers/jsquash.js");
  return async (file, edges, quality) => (await ask({ file, sizes: edges.map(fitted), quality })).made;
}
