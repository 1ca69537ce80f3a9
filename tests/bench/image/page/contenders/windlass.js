/** Ours, as the client runs it: the package's image worker and the module compiled beside it. */
import { inWorker } from "../in-worker.js";

export async function prepare() {
  const module = await WebAssembly.compileStreaming(fetch("/windlass/windlass_photo_bg.wasm"));
  const ask = inWorker("/windlass/image.worker.js", [{ kind: "start", module, config: null }]);
  return async (file, edges, quality) => {
    const variants = edges.map((edge) => ({ name: `web_${edge}`, max_edge: edge, quality }));
    const request = { task: "resize", file, options: { variants }, modules: {} };
    const answered = await ask({ kind: "job", request });
    if (answered.kind !== "done") throw new Error(answered.error.message);
    if (answered.reply.task !== "resize") throw new Error(`the photo module answered ${answered.reply.task}`);
    return answered.reply.images.map(({ blob }) => blob);
  };
}
