/** Workers a test answers for by hand. */
import type { WorkerLike } from "../src/workers/bridge.js";

export class FakeWorker implements WorkerLike {
  readonly received: unknown[] = [];
  terminated = false;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: ErrorEvent) => void) | null = null;

  postMessage(message: unknown): void {
    this.received.push(structuredClone(message));
  }

  terminate(): void {
    this.terminated = true;
  }

  say(data: unknown): void {
    this.onmessage?.({ data } as MessageEvent);
  }

  crash(message: string): void {
    this.onerror?.({ message, preventDefault: () => undefined } as ErrorEvent);
  }
}

/** Lets everything that is already settled run. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
