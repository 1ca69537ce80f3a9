/** What a WebAssembly module is after a trap: in an unknown state, and so never asked again. */
import { isTrap, WindlassError } from "./errors.js";

/** The first trap of each module. */
const traps = new Map<string, unknown>();

/** Works with a module, unless it has failed before. */
export async function within<T>(module: string, work: () => Promise<T>): Promise<T> {
  if (traps.has(module)) {
    const what = `The ${module} module failed on an earlier file and is not used again. Reload the page, or start the process anew.`;
    throw new WindlassError("wasm_trap", what, { cause: traps.get(module) });
  }
  try {
    return await work();
  } catch (thrown) {
    if (isTrap(thrown) && !traps.has(module)) {
      traps.set(module, thrown);
    }
    throw thrown;
  }
}
