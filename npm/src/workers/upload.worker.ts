/** Hosts the upload engine: signing requests, hashing and sending all happen here. */
import { fromPlainError, isTrap, toPlainError } from "../errors.js";
import initUpload, { UploadQueue as GeneratedQueue } from "../wasm/generated/windlass_upload.js";
import type { UploadModule, UploadQueue, UploadQueueConfig } from "../wasm/upload.js";
import type { FromUploadWorker, Ready, Start, ToUploadWorker } from "./messages.js";
import { workerScope } from "./scope.js";

type Question = { resolve: (token: string) => void; reject: (error: unknown) => void };

const scope = workerScope<ToUploadWorker, Ready | FromUploadWorker>();
const Queue: UploadModule["UploadQueue"] = GeneratedQueue;
/** Questions for a token that the page has not answered yet. */
const questions = new Map<number, Question>();
let questionCount = 0;
let queue: Promise<UploadQueue>;

scope.onmessage = ({ data: message }) => {
  switch (message.kind) {
    case "start":
      queue = open(message);
      return;
    case "token":
      takeQuestion(message.question)?.resolve(message.token);
      return;
    case "no-token":
      takeQuestion(message.question)?.reject(fromPlainError(message.error));
      return;
    default:
      // Promises keep the order of messages that came before the queue was ready.
      queue
        .then((open) => command(open, message))
        .catch((thrown: unknown) => {
          if (isTrap(thrown)) {
            reportTrap(thrown);
          } else if (message.kind === "add") {
            scope.postMessage({ kind: "refused", clientRef: message.clientRef, error: toPlainError(thrown) });
          }
        });
  }
};

scope.postMessage({ kind: "ready" });

// What traps inside a callback of the engine's own (a timer, an answer of the network) ends up here.
scope.addEventListener("error", (event) => {
  if (isTrap(event.error)) {
    event.preventDefault();
    reportTrap(event.error);
  }
});
scope.addEventListener("unhandledrejection", (event) => {
  if (isTrap(event.reason)) {
    event.preventDefault();
    reportTrap(event.reason);
  }
});

async function open({ module, config }: Start<UploadQueueConfig>): Promise<UploadQueue> {
  await initUpload({ module_or_path: module });
  return new Queue(config, {
    token: askForToken,
    onEvent: (event) => scope.postMessage({ kind: "event", event }),
  });
}

function command(open: UploadQueue, message: Exclude<ToUploadWorker, { kind: "start" | "token" | "no-token" }>): void {
  switch (message.kind) {
    case "add":
      open.add(message.clientRef, message.file, message.description);
      return;
    case "pause":
      open.pause(message.clientRef);
      return;
    case "resume":
      open.resume(message.clientRef);
      return;
    case "cancel":
      open.cancel(message.clientRef);
      return;
    case "online":
      open.setOnline(message.online);
      return;
    case "originals":
      open.setOriginalsWait(message.wait);
  }
}

/** The token lives with the application; the engine gets it by message when it needs one. */
function askForToken(): Promise<string> {
  return new Promise((resolve, reject) => {
    questionCount += 1;
    questions.set(questionCount, { resolve, reject });
    scope.postMessage({ kind: "token", question: questionCount });
  });
}

function takeQuestion(question: number): Question | undefined {
  const taken = questions.get(question);
  questions.delete(question);
  return taken;
}

function reportTrap(thrown: unknown): void {
  scope.postMessage({ kind: "trapped", message: toPlainError(thrown).message });
}
