/**
 * `windlass/service-worker`: for your own service worker. What closed tabs have left is sent when the
 * browser says that there is a network (Background Sync).
 *
 * ```js
 * import { drainInBackground, tokenFromUrl } from "windlass/service-worker";
 * drainInBackground({ token: ({ project }) => tokenFromUrl(`/photo-token?job=${project}`)() });
 * ```
 */
import { SYNC_TAG } from "./keep/background.js";
import { drain, queuesWithFiles, type QueueName } from "./keep/drain.js";
import { compileUploadModule } from "./wasm/upload.js";

export type { QueueName } from "./keep/drain.js";
export { tokenFromUrl } from "./token.js";

export interface BackgroundOptions {
  /**
   * Gives a token for a queue, usually from an address of your own with the user's cookies. Nothing else
   * can: no token is ever stored. What it rejects with ends this attempt; the browser tries again later.
   */
  token: (queue: QueueName) => string | Promise<string>;
}

/** Browsers end an event after some minutes; what is left by then is for the next one. */
const PATIENCE_MS = 150_000;

/** https://wicg.github.io/background-sync/spec/#sync-event */
interface SyncEvent extends Event {
  readonly tag: string;
  waitUntil(work: Promise<unknown>): void;
}

/** Call it while your service worker is being evaluated, as any `addEventListener` there. */
export function drainInBackground(options: BackgroundOptions): void {
  addEventListener("sync", (event) => {
    const { tag, waitUntil } = event as SyncEvent;
    if (tag === SYNC_TAG) {
      waitUntil.call(event, drainAll(options));
    }
  });
}

async function drainAll({ token }: BackgroundOptions): Promise<void> {
  const queues = await queuesWithFiles();
  if (queues.length === 0) {
    return;
  }
  const module = await compileUploadModule();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeIsUp = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("There is no time left; the rest is sent later.")), PATIENCE_MS);
  });
  try {
    // One queue that cannot be sent must not hold up the others.
    const outcomes = await Promise.allSettled(queues.map((queue) => drain(queue, { token, module, timeIsUp })));
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) {
      throw failed.reason;
    }
  } finally {
    clearTimeout(timer);
    timeIsUp.catch(() => undefined);
  }
}
