/** Starting workers, also on pages that require Trusted Types. */

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

export function startImageWorker(): Worker {
  return new Worker(trusted(new URL("./image.worker.js", import.meta.url)), { type: "module", name: "windlass-image" });
}

export function startUploadWorker(): Worker {
  return new Worker(trusted(new URL("./upload.worker.js", import.meta.url)), { type: "module", name: "windlass-upload" });
}

export function startKeepWorker(): Worker {
  return new Worker(trusted(new URL("./keep.worker.js", import.meta.url)), { type: "module", name: "windlass-keep" });
}
