/** Getting ready before a file is chosen, without slowing down the page or using up somebody's data plan. */

/** How long a page may be busy before getting ready goes first. */
const PATIENCE_MS = 2_000;

/**
 * Calls `act` once the page has nothing better to do. Not where the reader asked to save data, and not for a
 * node that is out of sight then: in a drawer that is closed, opening the file dialog is early enough.
 * Returns how to stop waiting.
 */
export function whenIdle(node: Element, act: () => void): () => void {
  const { connection } = navigator as Navigator & { connection?: { saveData?: boolean } };
  if (connection?.saveData === true) {
    return () => undefined;
  }
  const actWhereSeen = (): void => {
    if (node.checkVisibility?.() !== false) {
      act();
    }
  };
  // Safari has no `requestIdleCallback`.
  if (typeof requestIdleCallback !== "function") {
    const timer = setTimeout(actWhereSeen, PATIENCE_MS);
    return () => clearTimeout(timer);
  }
  const handle = requestIdleCallback(actWhereSeen, { timeout: PATIENCE_MS });
  return () => cancelIdleCallback(handle);
}
