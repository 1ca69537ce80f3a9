/** Files dragged onto an element. Other things that are dragged are left to the page. */

export interface DropHandlers {
  /** Whether files are held over it. */
  hover(isOver: boolean): void;
  dropped(transfer: DataTransfer): void;
}

export function listenForDrops(node: HTMLElement, { hover, dropped }: DropHandlers): void {
  // Entering a child comes before leaving its parent: it is over when what was entered last is left. They are not counted,
  // for nobody hears of leaving a node that was taken away under the pointer, as a line's icon for its picture.
  let entered: EventTarget | null = null;
  const over = (now: EventTarget | null): void => {
    entered = now;
    hover(now !== null);
  };
  const on = (type: "dragenter" | "dragover" | "dragleave" | "drop", act: (transfer: DataTransfer, target: EventTarget | null) => void): void =>
    node.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes("Files")) {
        event.preventDefault();
        act(event.dataTransfer, event.target);
      }
    });
  on("dragenter", (_transfer, target) => over(target));
  on("dragleave", (_transfer, target) => target === entered && over(null));
  on("dragover", (transfer) => {
    transfer.dropEffect = "copy";
  });
  on("drop", (transfer) => {
    over(null);
    dropped(transfer);
  });
}
