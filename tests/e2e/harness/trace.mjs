/**
 * What the main thread of a page did, by Chromium's tracing. A trace of forty photos has hundreds of megabytes, more
 * than fits into one string: it is read as a stream, and only what is asked for is kept.
 */

const CHUNK_BYTES = 4 * 1024 * 1024;
/** Of the browser's buffer: a trace that does not fit ends early, which is noticed. */
const BUFFER_KB = 1024 * 1024;

export class Trace {
  #session;

  /** Tasks of all threads, and the page's own marks. */
  static async start(page) {
    const trace = new Trace();
    trace.#session = await page.context().newCDPSession(page);
    await trace.#session.send("Tracing.start", {
      transferMode: "ReturnAsStream",
      traceConfig: {
        recordMode: "recordUntilFull",
        traceBufferSizeInKb: BUFFER_KB,
        includedCategories: ["toplevel", "blink.user_timing"],
        excludedCategories: ["*"],
      },
    });
    return trace;
  }

  /** Ends it, and answers the tasks of the thread that set both marks, between them. */
  async tasksBetween(from, to) {
    const complete = new Promise((done) => this.#session.once("Tracing.tracingComplete", done));
    await this.#session.send("Tracing.end");
    const { stream } = await complete;
    const [tasks, marks] = [[], new Map()];
    for await (const line of this.#lines(stream)) {
      if (line.includes("RunTask")) {
        const { name, pid, tid, ts, dur = 0, tdur } = eventOf(line);
        // Shorter ones are not asked for, and there are a million of them.
        if ((name === "RunTask" || name === "ThreadControllerImpl::RunTask") && dur >= 1_000) tasks.push({ pid, tid, ts, dur, tdur });
      } else if (line.includes("blink.user_timing")) {
        const { name, pid, tid, ts } = eventOf(line);
        marks.set(name, { pid, tid, ts });
      }
    }
    await this.#session.detach();
    const [begins, ends] = [marks.get(from), marks.get(to)];
    if (begins === undefined || ends === undefined) {
      throw new Error(`the trace has no mark ${begins === undefined ? from : to}: it did not fit into ${BUFFER_KB / 1024} MiB`);
    }
    return tasks.filter(({ pid, tid, ts }) => pid === begins.pid && tid === begins.tid && ts > begins.ts && ts < ends.ts);
  }

  /** An event is a line. */
  async *#lines(handle) {
    let rest = "";
    for (;;) {
      const { data, base64Encoded, eof } = await this.#session.send("IO.read", { handle, size: CHUNK_BYTES });
      const lines = (rest + (base64Encoded ? Buffer.from(data, "base64").toString("utf8") : data)).split("\n");
      rest = lines.pop();
      yield* lines;
      if (eof) break;
    }
    yield rest;
    await this.#session.send("IO.close", { handle });
  }
}

/** Without what separates it from the next one. */
function eventOf(line) {
  return JSON.parse(line.slice(0, line.lastIndexOf("}") + 1));
}
