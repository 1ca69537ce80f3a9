/**
 * Keeps the queue: what was chosen is copied to where it outlives the page, and what an earlier page left
 * is found again. A worker of its own, so that writing holds up neither the page nor the sending, and
 * that the queue's lock outlives a crash of the engine.
 */
import { Keeping } from "../keep/keeping.js";
import type { FromKeepWorker, ToKeepWorker } from "../keep/messages.js";
import { workerScope } from "./scope.js";

const scope = workerScope<ToKeepWorker, FromKeepWorker>();
let keeping: Keeping | undefined;

scope.onmessage = ({ data: message }) => {
  if (message.kind === "start") {
    keeping = new Keeping(message.namespace, message.session, (told) => scope.postMessage(told));
  } else {
    keeping?.take(message);
  }
};
