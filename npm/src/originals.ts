/** When originals go: at once, or not while the phone's own network is in use. */
import { checkOriginals, type OriginalsPolicy } from "./options.js";

/**
 * The Network Information API (WICG), which Chromium has on phones; the DOM library does not know it. Where only some
 * of it is there (older browsers, privacy extensions), the rest is done without.
 */
interface NetworkInformation extends Partial<EventTarget> {
  readonly type?: string;
}

function networkInformation(): NetworkInformation | undefined {
  return ((globalThis.navigator ?? {}) as { connection?: NetworkInformation }).connection;
}

export class Originals {
  #policy: OriginalsPolicy;
  readonly #tell: (wait: boolean) => void;
  readonly #look = (): void => this.#tell(this.#policy === "on-wifi" && isOnCellular());

  /** `tell` hears whether they wait, now and whenever that may have changed. */
  constructor(policy: OriginalsPolicy, tell: (wait: boolean) => void) {
    this.#policy = policy;
    this.#tell = tell;
    networkInformation()?.addEventListener?.("change", this.#look);
    this.#look();
  }

  get policy(): OriginalsPolicy {
    return this.#policy;
  }
  set policy(policy: OriginalsPolicy) {
    checkOriginals(policy);
    this.#policy = policy;
    this.#look();
  }

  close(): void {
    networkInformation()?.removeEventListener?.("change", this.#look);
  }
}

/** Whether the browser says that the phone's own network is in use. Where it says nothing, it does not. */
function isOnCellular(): boolean {
  return networkInformation()?.type === "cellular";
}
