/** Buttons whose first press asks and whose second one does it: what counts as a press of its own. */

/** Two presses within this time are one person's one gesture: of a finger browsers do not say that it was a double tap. */
const DOUBLE_PRESS_MS = 500;

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
