/** A page whose workers a test answers for. */
import { setMaxListeners } from "node:events";
import { afterEach, beforeEach } from "node:test";

import { setCompile } from "../src/wasm/compile.js";
import { FakeWorker } from "./fake-worker.js";

/** Runs at once, and belongs to the page under its name. */
export class PageWorker extends FakeWorker {
  static all: PageWorker[] = [];

  constructor(
    _script: URL,
    readonly options: { name: string },
  ) {
    super();
    PageWorker.all.push(this);
    queueMicrotask(() => this.say({ kind: "ready" }));
  }
}

const global = globalThis as unknown as Record<string, unknown>;

/** Declares the hooks: each test has a page of its own, which this answers. */
export function fakePage(): () => EventTarget {
  if (!("navigator" in globalThis)) {
    // Of Node's only from 21.
    Object.defineProperty(globalThis, "navigator", { value: {} });
  }
  const before = { Worker: global["Worker"], addEventListener: global["addEventListener"], removeEventListener: global["removeEventListener"] };
  let page: EventTarget;
  beforeEach(() => {
    PageWorker.all = [];
    page = new EventTarget();
    // As many files as a test likes listen to it.
    setMaxListeners(0, page);
    global["Worker"] = PageWorker;
    global["addEventListener"] = page.addEventListener.bind(page);
    global["removeEventListener"] = page.removeEventListener.bind(page);
    setCompile(async () => ({}) as WebAssembly.Module);
  });
  afterEach(() => {
    Object.assign(global, before);
  });
  return () => page;
}

/** Of this name, or one that nothing was told. */
export const worker = (name: string): FakeWorker | undefined => PageWorker.all.find(({ options }) => options.name === name);

/** Of which uploads that worker was told this. */
export function told(name: string, kind: string): string[] {
  const messages = (worker(name)?.received ?? []) as { kind: string; clientRef?: string; upload?: { client_ref: string } }[];
  return messages.filter((message) => message.kind === kind).map(({ clientRef, upload }) => clientRef ?? upload?.client_ref ?? "");
}
