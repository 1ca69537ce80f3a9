/** Starting workers. */
import type { WorkerLike } from "./bridge.js";
import { startReady } from "./ready.js";
import { trusted } from "./trusted.js";

function start(script: URL, name: string): Worker {
  return new Worker(trusted(script), { type: "module", name });
}

export function startImageWorker(): Promise<WorkerLike> {
  const script = new URL("./image.worker.js", import.meta.url);
  return startReady(() => start(script, "windlass-image"), script);
}

export function startUploadWorker(): Promise<WorkerLike> {
  const script = new URL("./upload.worker.js", import.meta.url);
  return startReady(() => start(script, "windlass-upload"), script);
}

/** Bare: `WorkerLine` waits until it is ready, and asks for it again. */
export function startKeepWorker(): Worker {
  return start(new URL("./keep.worker.js", import.meta.url), "windlass-keep");
}
