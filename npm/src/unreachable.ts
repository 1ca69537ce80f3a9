/**
 * The SDK's own files (workers, WebAssembly) come over the same network as everything else. Where it is the
 * network that keeps them away, they are waited for; where somebody answers that they are not there, or they
 * are not right, or the service answers and they do not come all the same, the photo goes without what they
 * would have done.
 */
import { Again } from "./again.js";
import { cancelled, toWindlassError, WindlassError } from "./errors.js";
import { watchNetwork } from "./page.js";
import { Silence } from "./silence.js";

/** How long a worker may take to start, in milliseconds: of its script nobody tells how far it is. */
export const STARTING_MOST_MS = 60_000;
/** How long what makes smaller pictures may take to come, in milliseconds, once the service is known to answer. */
const DECODER_MOST_MS = 60_000;
/** After so many failures it is asked whether the service answers: then it is not the network. */
const FAILURES_OF_NETWORK = 3;
/** A small question is answered by then, in milliseconds. */
const ANSWER_MOST_MS = 10_000;

export function notLoaded(reason: string, options: { retryable: boolean; cause?: unknown }): WindlassError {
  return new WindlassError(
    "wasm_unavailable",
    `A file of the photo SDK could not be loaded (${reason}). Check the connection and try again.`,
    options,
  );
}

/** Somebody has answered that it is not there: a deployment in between, usually. */
export function notThere(reason: string, cause: unknown): WindlassError {
  return new WindlassError(
    "wasm_unavailable",
    `Part of this page is no longer on its server (${reason}). Reload the page to go on.`,
    { cause },
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

/** Whether anybody answers there, whatever is said. */
export async function answers(address: string): Promise<boolean> {
  const silence = new Silence(ANSWER_MOST_MS);
  try {
    await fetch(address, { method: "HEAD", mode: "no-cors", cache: "no-store", signal: silence.signal });
    return true;
  } catch {
    return false;
  } finally {
    silence.end();
  }
}

export interface Patience {
  signal: AbortSignal;
  /** Hears when waiting begins and when it is over. */
  onWaiting: (waits: boolean) => void;
  /** Whether the service answers, which nothing can be sent without. */
  isServiceThere: () => Promise<boolean>;
}

/**
 * Does it, and again while what it needs cannot be reached and the service cannot either. Rejects with `cancelled`
 * on abort, and with whatever else is in the way.
 */
export async function untilReachable<Result>(act: () => Promise<Result>, { signal, onWaiting, isServiceThere }: Patience): Promise<Result> {
  let waits = false;
  let failures = 0;
  let isLast = false;
  let proceed: () => void = () => undefined;
  const again = new Again(() => proceed());
  let unwatch: () => void = () => undefined;
  try {
    for (;;) {
      try {
        return await act();
      } catch (thrown) {
        if (isLast || !isUnreachable(thrown)) {
          throw thrown;
        }
      }
      failures += 1;
      // The network may have come back this very moment: once more, and then without.
      isLast = failures >= FAILURES_OF_NETWORK && (await isServiceThere());
      if (isLast) {
        continue;
      }
      if (!waits) {
        waits = true;
        // Not before: of many photos that are chosen at once hardly one waits.
        unwatch = watchNetwork((online) => online && again.wake());
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

/**
 * What makes smaller pictures, unless it takes long to come while the service answers: a photo is worth more than
 * its smaller pictures. It goes on coming meanwhile, for the next one.
 */
export async function unlessSlow<Result>(coming: Promise<Result>, isServiceThere: () => Promise<boolean>): Promise<Result> {
  coming.catch(() => {
    // Told to whoever waits for it.
  });
  for (;;) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => resolve(null), DECODER_MOST_MS);
    });
    try {
      const come = await Promise.race([coming.then((result) => ({ result })), late]);
      if (come !== null) {
        return come.result;
      }
    } finally {
      clearTimeout(timer);
    }
    if (await isServiceThere()) {
      throw new WindlassError("wasm_unavailable", "What makes smaller pictures of this file takes too long to load here.");
    }
  }
}
