/** The image workers of one client: one photo each, all of one compiled module. */
import { compilePhotoModule } from "../wasm/photo.js";
import { WorkerPool } from "./bridge.js";
import type { ImageReply, ImageRequest } from "./messages.js";
import { startImageWorker } from "./start.js";

const IDLE_MS = 20_000;

export type ImageWorkers = WorkerPool<ImageRequest, ImageReply>;

export function imageWorkers(size: number): ImageWorkers {
  const start = async (): Promise<Worker> => {
    const module = await compilePhotoModule();
    const worker = startImageWorker();
    worker.postMessage({ kind: "start", module, config: null });
    return worker;
  };
  return new WorkerPool(start, { size, idleMs: IDLE_MS });
}
