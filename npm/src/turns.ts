/** Whose turn it is to be prepared: in the order of adding, and only so many ahead of what is stored. */
import type { Running } from "./running.js";

/**
 * So many are ahead: their smaller pictures are in memory until they are stored. The engine works on fewer at a time
 * (`uploads_ahead` and `originals_waiting` of the core), so nothing is sent later for it.
 */
const AHEAD_MOST = 150;
/** Of those that can go no further the pictures are held for so many. What fails for ever is to stop nobody else. */
const STUCK_MOST = 450;

export class Turns {
  readonly #running: ReadonlyMap<string, Running>;
  readonly #prepare: (running: Running) => void;
  #isLooking = false;

  constructor(running: ReadonlyMap<string, Running>, prepare: (running: Running) => void) {
    this.#running = running;
    this.#prepare = prepare;
  }

  /**
   * Something may have changed. It is looked at when all that happens together has happened: where everything is
   * cancelled, one after the other, none of those behind is to begin.
   */
  look(): void {
    if (this.#isLooking) {
      return;
    }
    this.#isLooking = true;
    queueMicrotask(() => {
      this.#isLooking = false;
      this.#begin(false);
      // What is paused may be looked at before it is sent. It is counted by itself, and so holds up nobody else.
      this.#begin(true);
    });
  }

  #begin(paused: boolean): void {
    const alike = [...this.#running.values()].filter((running) => running.paused === paused);
    // An original that waits for Wi-Fi may wait all day.
    const ahead = alike.filter((running) => running.isAhead && running.upload.state !== "waiting_for_wifi");
    const stuck = ahead.filter(({ upload }) => upload.state === "retrying" || upload.state === "checking").length;
    const taken = ahead.length - Math.min(stuck, STUCK_MOST);
    const waiting = alike.filter(({ isAhead, submitted }) => !isAhead && !submitted);
    for (const running of waiting.slice(0, Math.max(0, AHEAD_MOST - taken))) {
      running.isAhead = true;
      this.#prepare(running);
    }
  }
}
