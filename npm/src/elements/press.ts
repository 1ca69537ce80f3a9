/** Buttons whose first press asks and whose second one does it: what counts as a press of its own. */

/** Two presses within this time are one person's one gesture: of a finger browsers do not say that it was a double tap. */
const DOUBLE_PRESS_MS = 500;
/** So long a question stands, in milliseconds. */
const ASKING_MS = 8_000;

/**
 * Calls `act` at each press, once however long a key is held down. `isSecondHalf` is said of that of a double click or
 * double tap, which is no answer to what the first half asked.
 */
export function onPress(node: HTMLButtonElement, act: (isSecondHalf: boolean) => void): void {
  let pressedAt = -Infinity;
  node.addEventListener("click", ({ detail, timeStamp }) => {
    // By keyboard `detail` is 0, and two presses are two.
    const isSecondHalf = detail > 1 || (detail === 1 && timeStamp - pressedAt < DOUBLE_PRESS_MS);
    pressedAt = timeStamp;
    act(isSecondHalf);
  });
  node.addEventListener("keydown", (event) => event.key === "Enter" && event.repeat && event.preventDefault());
}

/**
 * A button asks from now on. `takeBack` is called when nobody has answered for a while, when the keyboard leaves the
 * button, and when anything else is pressed; it aborts what is returned, as whoever answers does.
 */
export function standsAsked(node: HTMLButtonElement, takeBack: () => void): AbortController {
  const asking = new AbortController();
  const { signal } = asking;
  const timer = setTimeout(takeBack, ASKING_MS);
  signal.addEventListener("abort", () => clearTimeout(timer));
  node.addEventListener("blur", takeBack, { signal });
  // Where a press moves no focus, as in Safari, nothing is blurred. Seen from the page its target may be any host around.
  let own: Event | null = null;
  node.addEventListener("pointerdown", (event) => (own = event), { signal });
  document.addEventListener("pointerdown", (event) => event === own || takeBack(), { signal });
  return asking;
}
