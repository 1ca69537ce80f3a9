/**
 * One browser, one service with its store, one signer for the peers, and the fault proxy before all three: they
 * share its line, as everything that a phone does shares its radio.
 */

import { chromium } from "playwright-core";

import { Bucket } from "../../../e2e/harness/bucket.mjs";
import { ARGUMENTS, EXECUTABLE } from "../../../e2e/harness/chromium.mjs";
import { FaultProxy } from "../../../e2e/harness/fault-proxy.mjs";
import { freePorts, Service } from "../../../e2e/harness/service.mjs";
import { Presigner } from "./presign.mjs";
import { Signer } from "./signer.mjs";

/** Each waits for the store's disk. */
const REMOVED_AT_ONCE = 16;

export class Scene {
  /** `built` is where the peers' scripts are. */
  static async open(built) {
    const scene = new Scene();
    try {
      scene.signer = await Signer.listen();
      const [port, storePort] = await freePorts(2);
      scene.proxy = await FaultProxy.start({
        service: `127.0.0.1:${port}`,
        store: `127.0.0.1:${storePort}`,
        signer: scene.signer.host,
      });
      const { service, store, signer } = scene.proxy.fronts;
      const env = { WINDLASS_STORE_PUBLIC_URL: store, WINDLASS_ALLOWED_ORIGINS: `${service},${signer}` };
      // What is measured is not how many photos a minute one phone may send.
      for (const who of ["SUBJECT", "TENANT", "ADDRESS"]) env[`WINDLASS_RATE_PER_${who}`] = "1000000";
      scene.service = await Service.start({ port, storePort, env });
      scene.presigner = new Presigner(scene.service);
      scene.bucket = new Bucket(scene.service);
      scene.signer.serve({ presigner: scene.presigner, publicStore: store, store: scene.service.storeAddress, built });
      scene.browser = await chromium.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
      scene.runs = 0;
      return scene;
    } catch (error) {
      await scene.close();
      throw error;
    }
  }

  /** A name for a run: the project of ours, the prefix of the peers' keys. */
  nextRun() {
    this.runs += 1;
    return `bench-${this.runs}`;
  }

  /** A good line, no rules, nothing in the journal. */
  async calm() {
    await this.proxy.rules();
    await this.proxy.link();
    await this.proxy.forget();
  }

  /** What lies in the bucket of a run, whoever put it there. */
  async objectsOf(run) {
    return (await this.bucket.objects()).filter(({ key }) => key.split("/").includes(run));
  }

  /** Makes room: a whole bench would fill a small disk. */
  async remove(objects) {
    const left = [...objects];
    const removeNext = async () => {
      for (let object = left.pop(); object !== undefined; object = left.pop()) {
        const url = this.presigner.url(this.service.storeAddress, "DELETE", object.key);
        const answer = await fetch(url, { method: "DELETE" });
        if (!answer.ok) throw new Error(`the store answered ${answer.status} to DELETE ${object.key}: ${await answer.text()}`);
      }
    };
    await Promise.all(Array.from({ length: REMOVED_AT_ONCE }, removeNext));
  }

  async close() {
    await this.browser?.close();
    await this.service?.stop();
    await this.proxy?.stop();
    this.signer?.close();
  }
}
