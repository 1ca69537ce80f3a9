/** What a browser asks a page before it is left: Node's events have no `returnValue` that can be set. */
export function beforeUnload(): BeforeUnloadEvent {
  const event = new Event("beforeunload", { cancelable: true });
  return Object.defineProperty(event, "returnValue", { value: "", writable: true }) as BeforeUnloadEvent;
}
