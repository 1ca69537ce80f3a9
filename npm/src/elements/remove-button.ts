/** The button that deletes a photo in the dialog of `<windlass-gallery>`: the first press asks, the second deletes. */
import { toWindlassError } from "../errors.js";
import { element, icon, isBusy, setBusy, setText } from "./dom.js";
import type { GalleryStrings } from "./gallery.strings.js";
import { onPress, standsAsked } from "./press.js";

/** The button, and where it says why it could not; `notRemoved` is told so, too, with that node. */
export function removeButton(
  { remove, confirmRemove, removing, error }: GalleryStrings,
  act: () => Promise<void>,
  notRemoved: (reason: string, problem: Element) => void,
): [HTMLButtonElement, Element] {
  const label = element("span", {}, remove);
  const node = element("button", { type: "button", class: "danger" }, icon("trash"), label);
  const problem = element("p", { class: "problem", role: "alert" });
  let asking: AbortController | null = null;
  const takeBack = (): void => {
    asking?.abort();
    asking = null;
    setText(label, remove);
  };
  const removeNow = async (): Promise<void> => {
    takeBack();
    setBusy(node, true);
    setText(label, removing);
    try {
      await act();
    } catch (thrown) {
      const reason = error(toWindlassError(thrown));
      setBusy(node, false);
      setText(label, remove);
      setText(problem, reason);
      notRemoved(reason, problem);
    }
  };
  onPress(node, (isSecondHalf) => {
    if (isBusy(node)) {
      return;
    }
    if (asking === null) {
      setText(label, confirmRemove);
      asking = standsAsked(node, takeBack);
    } else if (!isSecondHalf) {
      void removeNow();
    }
  });
  return [node, problem];
}
