/** Ours, as the client runs it: the package's image worker and the module compiled beside it. */
import { inWorker } from "../in-worker.js";

export async function prepare() {
  const module = await WebAssembly.compileStreaming(fetch("/windlass/windlass_photo_bg.wasm"));
  const ask = inWorker("/windlass/image.worker.js", [{ kind: "start", module, config: null }]);
  return async (file, edges, quality) => {
    const variants = edges.map((edge) => ({ name: `web_${edge}`, max_edge: edge, quality }));
    const answered = await ask({ kind: "job", request: { task: "resize", file, options: { variants } } });
    if (answered.kind !== "done") throw new Error(answered.error.message);
    return answered.reply.images.map(({ blob }) => blob);
  };
}
