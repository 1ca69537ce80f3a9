/**
 * Keeps the queue: what was chosen is copied to where it outlives the page, and what an earlier page left
 * is found again. A worker of its own, so that writing holds up neither the page nor the sending, and
 * that the queue's lock outlives a crash of the engine.
 */
import { prepareGround } from "../keep/ground.js";
import { Keeping } from "../keep/keeping.js";
import type { FromKeepWorker, ToKeepWorker } from "../keep/messages.js";
import { workerScope } from "./scope.js";

const scope = workerScope<ToKeepWorker, FromKeepWorker>();
let keeping: Keeping | undefined;

scope.postMessage({ kind: "ready" });

scope.onmessage = ({ data: message }) => {
  if (message.kind === "start") {
    const ground = prepareGround(message.session, { toWrite: true });
    keeping = new Keeping(message.namespace, message.session, ground, (told) => scope.postMessage(told));
  } else if (message.kind === "close") {
    // `close` of the scope: the worker's own end.
    void (keeping?.end() ?? Promise.resolve()).finally(() => close());
  } else {
    keeping?.take(message);
  }
};
