/** Reading a piece of a file, which may never end: a cloud that does not answer, a card that went to sleep. */

/**
 * So many steps of so many milliseconds, a minute, and a read of which nothing came is given up. They are counted one by
 * one: who sleeps meanwhile wakes to a timer that is long due.
 */
const STEP_MS = 10_000;
const STEPS_MOST = 6;

/** Nothing came of the file. */
export class NothingCame extends Error {}

/** Rejects with `NothingCame` where it would never end. */
export function readBytes(piece: Blob): Promise<ArrayBuffer> {
  return new Promise((resolve, reject) => {
    let steps = STEPS_MOST;
    const timer = setInterval(() => {
      steps -= 1;
      if (steps === 0) {
        clearInterval(timer);
        reject(new NothingCame("Nothing came of the file for a minute."));
      }
    }, STEP_MS);
    void piece
      .arrayBuffer()
      .then(resolve, reject)
      .finally(() => clearInterval(timer));
  });
}
