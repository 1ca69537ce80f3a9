/** Hosts the upload engine: signing requests, hashing and sending all happen here. */
import { fromPlainError, isTrap, toPlainError, type PlainError } from "../errors.js";
import initUpload, * as generated from "../wasm/generated/windlass_upload.js";
import type { UploadModule, UploadQueue } from "../wasm/upload.js";
import type { FromUploadWorker, Start, ToUploadWorker } from "./messages.js";
import { workerScope } from "./scope.js";
import type { UploadQueueConfig } from "../wasm/upload.js";

type Question = { resolve: (token: string) => void; reject: (error: unknown) => void };

const scope = workerScope<ToUploadWorker, FromUploadWorker>();
const { UploadQueue: Queue } = generated as unknown as UploadModule;
/** Questions for a token that the page has not answered yet. */
const questions = new Map<number, Question>();
let questionCount = 0;
let queue: Promise<UploadQueue>;

scope.onmessage = ({ data: message }) => {
  switch (message.kind) {
    case "start":
      queue = open(message);
      queue.catch(reportTrap);
      return;
    case "token":
      takeQuestion(message.question)?.resolve(message.token);
      return;
    case "no-token":
      takeQuestion(message.question)?.reject(fromPlainError(message.error));
      return;
    default:
      // Promises keep the order of messages that came before the queue was ready.
      void queue.then((open) => command(open, message)).catch(reportTrap);
  }
};

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
      try {
        open.add(message.clientRef, message.file, message.description);
      } catch (thrown) {
        if (isTrap(thrown)) {
          throw thrown;
        }
        refuse(message.clientRef, toPlainError(thrown));
      }
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

function refuse(clientRef: string, error: PlainError): void {
  scope.postMessage({ kind: "refused", clientRef, error });
}

function reportTrap(thrown: unknown): void {
  scope.postMessage({ kind: "trapped", message: toPlainError(thrown).message });
}
