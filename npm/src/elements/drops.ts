/** Files dragged onto an element. Other things that are dragged are left to the page. */

export interface DropHandlers {
  /** Whether files are held over it. */
  hover(isOver: boolean): void;
  dropped(transfer: DataTransfer): void;
}

export function listenForDrops(node: HTMLElement, { hover, dropped }: DropHandlers): void {
  // Entering a child comes before leaving its parent, so the two are counted.
  let depth = 0;
  const over = (now: number): void => {
    depth = Math.max(0, now);
    hover(depth > 0);
  };
  const on = (type: "dragenter" | "dragover" | "dragleave" | "drop", act: (transfer: DataTransfer) => void): void =>
    node.addEventListener(type, (event) => {
      if (event.dataTransfer?.types.includes("Files")) {
        event.preventDefault();
        act(event.dataTransfer);
      }
    });
  on("dragenter", () => over(depth + 1));
  on("dragleave", () => over(depth - 1));
  on("dragover", (transfer) => {
    transfer.dropEffect = "copy";
  });
  on("drop", (transfer) => {
    over(0);
    dropped(transfer);
  });
}
