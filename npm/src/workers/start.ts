/** Starting workers, also on pages that require Trusted Types. */
import type { WorkerLike } from "./bridge.js";
import { startReady } from "./ready.js";

interface ScriptUrlPolicy {
  createScriptURL(url: string): string;
}

interface TrustedTypesFactory {
  createPolicy(name: string, rules: ScriptUrlPolicy): ScriptUrlPolicy;
}

let policy: ScriptUrlPolicy | undefined;

/**
 * The worker scripts are complete in themselves and sit beside this file, so that bundlers can treat
 * them as plain assets. A page that lists its policies must allow the name `windlass`.
 */
function trusted(url: URL): string | URL {
  const factory = (globalThis as { trustedTypes?: TrustedTypesFactory }).trustedTypes;
  if (factory === undefined) {
    return url;
  }
  policy ??= factory.createPolicy("windlass", { createScriptURL: (text) => text });
  return policy.createScriptURL(url.href);
}

function start(script: URL, name: string): Worker {
  return new Worker(trusted(script), { type: "module", name });
}

export function startImageWorker(): Promise<WorkerLike> {
  const script = new URL("./image.worker.js", import.meta.url);
  return startReady(() => start(script, "windlass-image"), script);
}

export function startUploadWorker(): Promise<WorkerLike> {
  const script = new URL("./upload.worker.js", import.meta.url);
  return startReady(() => start(script, "windlass-upload"), script);
}

/** Bare: `WorkerLine` waits until it is ready, and asks for it again. */
export function startKeepWorker(): Worker {
  return start(new URL("./keep.worker.js", import.meta.url), "windlass-keep");
}
