/** A worker counts as started when it says so: its script comes over the network, and may not come. */
import { WindlassError } from "../errors.js";
import { LOADING_MOST_MS, notLoaded } from "../unreachable.js";
import type { WorkerLike } from "./bridge.js";

/**
 * Resolves when the worker has said `ready`. Rejects with `wasm_unavailable` where its script could not be
 * had, `worker_crashed` where it broke at once. Browsers do not say why a script did not come: `script` is
 * asked for by itself to tell a network that is away from a page that does not allow workers.
 */
export async function startReady(start: () => WorkerLike, script: URL): Promise<WorkerLike> {
  // Where the script is there after all, the network may have come back in between: once more.
  for (const isLast of [false, true]) {
    const worker = start();
    const problem = await untilReady(worker);
    if (problem === null) {
      worker.onmessage = null;
      worker.onerror = null;
      return worker;
    }
    worker.terminate();
    if (problem !== "absent") {
      throw problem;
    }
    await assertAbsent(script, isLast);
  }
  throw notStarted();
}

/** `null` when it runs, `absent` when its script did not come, and why it broke. */
function untilReady(worker: WorkerLike): Promise<WindlassError | "absent" | null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(notLoaded("it takes too long", { retryable: true })), LOADING_MOST_MS);
    const end = (problem: WindlassError | "absent" | null): void => {
      clearTimeout(timer);
      resolve(problem);
    };
    worker.onmessage = ({ data }: MessageEvent<{ kind?: unknown }>) => {
      if (data.kind === "ready") {
        end(null);
      }
    };
    worker.onerror = (event) => {
      event.preventDefault?.();
      const detail = event.message;
      end(detail ? new WindlassError("worker_crashed", `A worker of the photo SDK stopped unexpectedly (${detail}).`) : "absent");
    };
  });
}

/** Throws why the script cannot be had, and where it can be had for the last time, too. */
async function assertAbsent(script: URL, isLast: boolean): Promise<void> {
  let status: number;
  try {
    ({ status } = await fetch(script, { method: "HEAD", signal: AbortSignal.timeout(LOADING_MOST_MS) }));
  } catch (thrown) {
    throw notLoaded("nobody answers", { retryable: true, cause: thrown });
  }
  if (status >= 400) {
    const answered = new WindlassError("wasm_unavailable", `${script.pathname} answered with status ${status}`);
    throw notLoaded(answered.message, { retryable: status >= 500, cause: answered });
  }
  if (isLast) {
    throw notStarted();
  }
}

function notStarted(): WindlassError {
  return new WindlassError(
    "wasm_unavailable",
    "A worker of the photo SDK cannot be started though its script is there. The page's Content-Security-Policy " +
      "must allow it (worker-src), and the browser must know module workers.",
  );
}

/** A compiled module and the worker for it, which come at the same time. Without the one the other is of no use. */
export async function withModule(
  module: Promise<WebAssembly.Module>,
  worker: Promise<WorkerLike>,
): Promise<[WebAssembly.Module, WorkerLike]> {
  try {
    return [await module, await worker];
  } catch (thrown) {
    worker.then((started) => started.terminate()).catch(() => {
      // It never started, which was told.
    });
    throw thrown;
  }
}
