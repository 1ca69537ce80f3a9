/**
 * The button that gives up an unsent file of `<windlass-uploader>`. What this browser keeps of it may be all there is,
 * as of a picture that the page's own camera button took: the first press asks, the second does it.
 */
import { button, element } from "./dom.js";
import { onPress, standsAsked } from "./press.js";

export interface DiscardWords {
  /** What the button is called until it asks. */
  label: string;
  /** The word on it while it asks. */
  discard: string;
  /** What it asks, for those who cannot see which line it is in. It begins with the word. */
  question: string;
}

export function discardButton({ label, discard, question }: DiscardWords, say: (question: string) => void, act: () => void): HTMLButtonElement {
  let asking: AbortController | null = null;
  const node = button({ label, icon: "close", class: "symbol" });
  onPress(node, (isSecondHalf) => {
    if (asking === null) {
      ask();
    } else if (!isSecondHalf) {
      takeBack();
      act();
    }
  });
  const sign = [...node.childNodes];
  const word = element("span", {}, discard);
  const name = (text: string): void => ["aria-label", "title"].forEach((attribute) => node.setAttribute(attribute, text));
  const takeBack = (): void => {
    asking?.abort();
    asking = null;
    node.classList.remove("danger");
    node.replaceChildren(...sign);
    name(label);
  };
  const ask = (): void => {
    asking = standsAsked(node, takeBack);
    node.classList.add("danger");
    node.replaceChildren(word);
    name(question);
    say(question);
  };
  return node;
}
