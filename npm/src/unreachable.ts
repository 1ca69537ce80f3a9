/**
 * The SDK's own files (workers, WebAssembly) come over the same network as everything else. Where it is the
 * network that keeps them away, they are waited for; where somebody answers that they are not there, or they
 * are not right, the photo goes without what they would have done.
 */
import { Again } from "./again.js";
import { cancelled, toWindlassError, WindlassError } from "./errors.js";
import { watchNetwork } from "./page.js";

/** How long one of them may take in all, in milliseconds: the largest needs that on a line of 60 kbit/s. */
export const LOADING_MOST_MS = 60_000;

export function notLoaded(reason: string, options: { retryable: boolean; cause?: unknown }): WindlassError {
  return new WindlassError(
    "wasm_unavailable",
    `A file of the photo SDK could not be loaded (${reason}). Check the connection and try again.`,
    options,
  );
}

/** Whether it may be had later. */
export function mayBeLoadedLater(thrown: unknown): boolean {
  const { code, retryable } = toWindlassError(thrown);
  return code === "wasm_unavailable" && retryable;
}

/** Whether nobody has answered: `fetch` rejects with a `TypeError` then, or was given up. */
function isUnreachable(thrown: unknown): boolean {
  return mayBeLoadedLater(thrown) && !((thrown as WindlassError).cause instanceof WindlassError);
}

/**
 * Does it, and again while what it needs cannot be reached. Rejects with `cancelled` on abort, and with whatever
 * else is in the way. `onWaiting` hears when waiting begins and when it is over.
 */
export async function untilReachable<Result>(
  act: () => Promise<Result>,
  { signal, onWaiting }: { signal: AbortSignal; onWaiting: (waits: boolean) => void },
): Promise<Result> {
  let waits = false;
  let proceed: () => void = () => undefined;
  const again = new Again(() => proceed());
  const unwatch = watchNetwork((online) => online && again.wake());
  try {
    for (;;) {
      try {
        return await act();
      } catch (thrown) {
        if (!isUnreachable(thrown)) {
          throw thrown;
        }
      }
      if (!waits) {
        waits = true;
        onWaiting(true);
      }
      await new Promise<void>((resolve, reject) => {
        const giveUp = (): void => reject(cancelled(undefined, signal.reason));
        if (signal.aborted) {
          giveUp();
          return;
        }
        signal.addEventListener("abort", giveUp, { once: true });
        proceed = () => {
          signal.removeEventListener("abort", giveUp);
          resolve();
        };
        again.later();
      });
    }
  } finally {
    again.stop();
    unwatch();
    if (waits) {
      onWaiting(false);
    }
  }
}
