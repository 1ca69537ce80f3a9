/** An engine on the demo page of a service whose store is reached through a gate: what lets bytes through, and how fast. */

import { eventually } from "../../harness/eventually.mjs";
import { Bucket } from "../../harness/bucket.mjs";
import { Gate } from "../../harness/gate.mjs";
import { readKept } from "../../harness/kept.mjs";
import { keptInvariants } from "../../harness/kept-queue.mjs";
import { Service } from "../../harness/service.mjs";
import { openPage } from "./elements.mjs";

export class BehindGate {
  /** What was opened is closed where the rest cannot be. */
  static async open(launch) {
    const stage = new BehindGate();
    try {
      stage.gate = await Gate.open();
      stage.service = await Service.start({ env: { WINDLASS_STORE_PUBLIC_URL: stage.gate.address } });
      stage.gate.leadTo(stage.service.storePort);
      stage.bucket = new Bucket(stage.service);
      stage.engine = await launch();
      await openPage(stage.engine, stage.service.address);
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Waits until the browser keeps so many whole files. */
  areKept(count) {
    return eventually(`${count} are kept`, () => this.engine.run(readKept), ({ whole }) => whole === count);
  }

  /** A file is a photo once, byte for byte; and the invariants, from outside. */
  assertStored(file) {
    return keptInvariants(this, [file]);
  }

  async close() {
    await this.engine?.close();
    await this.service?.stop();
    this.gate?.close();
  }
}
