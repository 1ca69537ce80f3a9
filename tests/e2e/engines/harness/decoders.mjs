/** The matrix of formats, orientations and decoders in an engine that is not Chromium. */

import { after, before } from "node:test";

import { bareOf } from "../../harness/decoders.mjs";
import { Service } from "../../harness/service.mjs";
import { everyPictureIsUpright } from "../../harness/upright.mjs";

/** `has` names what the engine's own decoders must be able to, as in `everyPictureIsUpright`. */
export function decodersIn(launch, has) {
  let service;
  let engine;

  before(async () => {
    [service, engine] = await Promise.all([Service.start(), launch()]);
    await engine.open(bareOf(service.address));
  });
  after(async () => {
    await engine?.close();
    await service?.stop();
  });

  everyPictureIsUpright((work, argument) => engine.run(work, argument), has);
}
