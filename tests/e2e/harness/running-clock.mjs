/**
 * How long something takes, by clocks that go on only while their process runs: what a machine takes that stands still
 * is no time of whoever is measured.
 */

/** Here, and in a page: `ranMs()` answers for how long it has run. */
export function startRunning() {
  const [everyMs, mostMs] = [50, 500];
  let [ran, last] = [0, performance.now()];
  const tick = () => {
    const now = performance.now();
    ran += Math.min(now - last, mostMs);
    last = now;
  };
  // Of Node's, it keeps no process alive.
  setInterval(tick, everyMs).unref?.();
  globalThis.ranMs = () => {
    tick();
    return ran;
  };
}

startRunning();

/**
 * Does some work, and answers how many milliseconds that took this process or the page, whichever was less: the other
 * one may have waited for it. `run` runs a function in the page.
 */
export async function took(run, work) {
  const clocks = async () => [globalThis.ranMs(), await run(() => globalThis.ranMs())];
  const before = await clocks();
  await work();
  const after = await clocks();
  return Math.min(...after.map((now, index) => now - before[index]));
}
