/** The image workers of one client: one photo each, all of one compiled module. */
import { compilePhotoModule } from "../wasm/photo.js";
import { WorkerPool, type WorkerLike } from "./bridge.js";
import type { ImageReply, ImageRequest } from "./messages.js";
import { withModule } from "./ready.js";
import { startImageWorker } from "./start.js";

const IDLE_MS = 20_000;

export type ImageWorkers = WorkerPool<ImageRequest, ImageReply>;

export function imageWorkers(size: number): ImageWorkers {
  const start = async (): Promise<WorkerLike> => {
    const [module, worker] = await withModule(compilePhotoModule(), startImageWorker());
    worker.postMessage({ kind: "start", module, config: null });
    return worker;
  };
  return new WorkerPool(start, { size, idleMs: IDLE_MS });
}
