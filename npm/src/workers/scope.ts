/** The worker's own global scope, of which the DOM library's types know nothing. */
export interface WorkerScope<Incoming, Outgoing> {
  postMessage(message: Outgoing): void;
  onmessage: ((event: MessageEvent<Incoming>) => void) | null;
  addEventListener(type: "error", listener: (event: ErrorEvent) => void): void;
  addEventListener(type: "unhandledrejection", listener: (event: PromiseRejectionEvent) => void): void;
}

export function workerScope<Incoming, Outgoing>(): WorkerScope<Incoming, Outgoing> {
  return globalThis as unknown as WorkerScope<Incoming, Outgoing>;
}
