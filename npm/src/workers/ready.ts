/** A worker counts as started when it says so: its script comes over the network, and may not come. */
import { WindlassError } from "../errors.js";
import { watchNetwork } from "../page.js";
import { PROOF_OF_LIFE_MS, Silence, SILENT_MOST_MS } from "../silence.js";
import { notLoaded, notThere, STARTING_MOST_MS } from "../unreachable.js";
import type { WorkerLike } from "./bridge.js";

/**
 * Resolves when the worker has said `ready`. Rejects with `wasm_unavailable` where its script could not be
 * had, `worker_crashed` where it broke at once. Browsers do not say why a script did not come: `script` is
 * asked for by itself to tell a network that is away from a page that does not allow workers.
 */
export async function startReady(start: () => WorkerLike, script: URL): Promise<WorkerLike> {
  // Where the script is there after all, the network may have come back in between: once more.
  for (let isLast = false; ; isLast = true) {
    const worker = start();
    const problem = await untilReady(worker, isLast);
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
}

/** `null` when it runs, `absent` when its script did not come, and why it broke. */
function untilReady(worker: WorkerLike, isLast: boolean): Promise<WindlassError | "absent" | null> {
  return new Promise((resolve) => {
    let timer = setTimeout(() => end(notLoaded("it takes too long", { retryable: true })), STARTING_MOST_MS);
    // Its script may be coming over a connection that died with the network before: once, it is asked for anew.
    const unwatch = watchNetwork((online) => {
      if (online && !isLast) {
        clearTimeout(timer);
        timer = setTimeout(() => end("absent"), PROOF_OF_LIFE_MS);
      }
    });
    const end = (problem: WindlassError | "absent" | null): void => {
      clearTimeout(timer);
      unwatch();
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
  const silence = new Silence(SILENT_MOST_MS);
  let answer: Response;
  try {
    answer = await fetch(script, { method: "HEAD", signal: silence.signal });
  } catch (thrown) {
    throw notLoaded("nobody answers", { retryable: true, cause: thrown });
  } finally {
    silence.end();
  }
  const { status, headers } = answer;
  if (status >= 400) {
    const answered = new WindlassError("wasm_unavailable", `${script.pathname} answered with status ${status}`);
    throw status >= 500
      ? notLoaded(answered.message, { retryable: true, cause: answered })
      : notThere(answered.message, answered);
  }
  if (isLast) {
    throw notStarted(script, headers.get("content-type") ?? "");
  }
}

/** Of a file that nobody has put there, a server of a single-page app answers with the page. */
function notStarted({ pathname }: URL, type: string): WindlassError {
  const why = /(java|ecma)script/i.test(type)
    ? "though its script is there. The page's Content-Security-Policy must allow it (worker-src), and the browser must " +
      "know module workers."
    : `since ${pathname} is answered as “${type}”. It must be answered as JavaScript: check that the file is on the ` +
      "server, beside the script that asks for it.";
  return new WindlassError("wasm_unavailable", `A worker of the photo SDK cannot be started ${why}`);
}

/** A compiled module and the worker for it, which come at the same time. Without the one the other is of no use. */
export async function withModule(
  module: Promise<WebAssembly.Module>,
  worker: Promise<WorkerLike>,
): Promise<[WebAssembly.Module, WorkerLike]> {
  // Where both fail, somebody listens to both.
  worker.catch(() => undefined);
  try {
    return [await module, await worker];
  } catch (thrown) {
    worker.then((started) => started.terminate()).catch(() => {
      // It never started, which was told.
    });
    throw thrown;
  }
}
