/** Addresses of scripts, also on pages that require Trusted Types. */
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
export function trusted(url: URL): string | URL {
  const factory = (globalThis as { trustedTypes?: TrustedTypesFactory }).trustedTypes;
  if (factory === undefined) {
    return url;
  }
  policy ??= factory.createPolicy("windlass", { createScriptURL: (text) => text });
  return policy.createScriptURL(url.href);
}
