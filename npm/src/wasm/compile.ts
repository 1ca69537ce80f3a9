/** Fetching and compiling WebAssembly: streamed where possible, tried again on a bad network. */
import { WindlassError } from "../errors.js";
import { listenTo, Silence, SILENT_MOST_MS } from "../silence.js";
import { notLoaded, notThere } from "../unreachable.js";
import { hasSimd } from "./features.js";

/** How bytes of a module are had. Node replaces it, for it cannot fetch `file:` addresses. */
type Compile = (url: URL) => Promise<WebAssembly.Module>;

const ATTEMPTS = 4;
const FIRST_DELAY_MS = 500;

let compileFrom: Compile = compileFromNetwork;

export function setCompile(replacement: Compile): void {
  compileFrom = replacement;
}

/** A function that compiles the module once, however often it is called; a failure is not remembered. */
export function compileOnce(url: () => URL): () => Promise<WebAssembly.Module> {
  let compiled: Promise<WebAssembly.Module> | null = null;
  return () => {
    compiled ??= compileFrom(url()).catch((thrown: unknown) => {
      compiled = null;
      throw explain(thrown);
    });
    return compiled;
  };
}

async function compileFromNetwork(url: URL): Promise<WebAssembly.Module> {
  for (let attempt = 1; ; attempt += 1) {
    const silence = new Silence(SILENT_MOST_MS);
    try {
      const answer = await fetch(url, { credentials: "same-origin", signal: silence.signal });
      if (!answer.ok) {
        const retryable = answer.status >= 500 || answer.status === 429;
        throw new WindlassError("wasm_unavailable", `${url.pathname} answered with status ${answer.status}`, { retryable });
      }
      void listenTo(answer.clone(), silence);
      // Streaming insists on the media type, which some static servers do not know.
      return answer.headers.get("content-type")?.startsWith("application/wasm")
        ? await WebAssembly.compileStreaming(answer)
        : await WebAssembly.compile(await answer.arrayBuffer());
    } catch (thrown) {
      if (attempt === ATTEMPTS || !mayHeal(thrown)) {
        throw thrown;
      }
    } finally {
      silence.end();
    }
    const delayMs = FIRST_DELAY_MS * 2 ** (attempt - 1);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
}

/** A connection that failed may work the next time; a file that is not there, or not right, will not. */
function mayHeal(thrown: unknown): boolean {
  return thrown instanceof WindlassError ? thrown.retryable : !(thrown instanceof WebAssembly.CompileError);
}

function explain(thrown: unknown): WindlassError {
  if (thrown instanceof WebAssembly.CompileError) {
    return hasSimd()
      ? new WindlassError("wasm_unavailable", `A file of the photo SDK is damaged: ${thrown.message}`, { cause: thrown })
      : new WindlassError("unsupported_browser", "This browser is too old to send photos from here. Update it, or use another one.", { cause: thrown });
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return mayHeal(thrown) ? notLoaded(reason, { retryable: true, cause: thrown }) : notThere(reason, thrown);
}
