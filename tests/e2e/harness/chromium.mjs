/** Where Chromium is, and how it is started, in tests and benches. */

export const EXECUTABLE = process.env.WINDLASS_CHROMIUM ?? "/usr/bin/chromium";

/** What a container needs, and what keeps the browser from work of its own. */
export const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
