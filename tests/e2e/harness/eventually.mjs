/** Waiting for what can only be asked for again and again. */

/** Waits until a value is as wanted; the last value is in the error. One in which `accept` finds nothing to read is not. */
export async function eventually(what, probe, accept, timeoutMs = 60_000) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    // What was asked in time and answered late is not the last word: the machine may have stood still.
    const isLast = Date.now() > deadline;
    const value = await probe();
    let cause;
    try {
      if (accept(value)) return value;
    } catch (thrown) {
      cause = thrown;
    }
    if (isLast) throw new Error(`${what}: still ${JSON.stringify(value)} after ${timeoutMs} ms`, cause && { cause });
    await new Promise((done) => setTimeout(done, 100));
  }
}
