/** Getting ready before a file is chosen, without slowing down the page or using up somebody's data plan. */

/** How long a page may be busy before getting ready goes first. */
const PATIENCE_MS = 2_000;

/** Calls `act` once the page has nothing better to do; not where the reader asked to save data. Returns how to stop that. */
export function whenIdle(act: () => void): () => void {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  if (connection?.saveData === true) {
    return () => undefined;
  }
  // Safari has no `requestIdleCallback`.
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(act, PATIENCE_MS);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(act, { timeout: PATIENCE_MS });
  return () => cancelIdleCallback(handle);
}
