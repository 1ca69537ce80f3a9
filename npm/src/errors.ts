/**
 * The one error class of the package. Every failure, whether it began in the service, in WebAssembly,
 * in a worker or in the page, reaches the application as a `WindlassError` with a stable `code`.
 */
import type { ErrorCode } from "./generated/ErrorCode";
import type { FailureCode } from "./generated/FailureCode";
import type { Problem } from "./generated/Problem";

/** Codes only this package gives; the others come from the service or from the upload engine. */
export type ClientErrorCode =
  /** Given up by the user or by an `AbortSignal`; such an error is named `AbortError`. */
  | "cancelled"
  /** The client was closed. */
  | "closed"
  /** The service could not be reached: nobody answered, or somebody else did, for good. */
  | "network"
  /** A worker died, or never answered: out of memory, or a fault of ours. */
  | "worker_crashed"
  /** The photo module failed on this file: a fault of ours. Only `windlass/core` gives it. */
  | "wasm_trap"
  /** The WebAssembly file could not be fetched. */
  | "wasm_unavailable"
  /** The browser is too old for what is needed. */
  | "unsupported_browser"
  /** An argument is wrong; the message says which. */
  | "invalid_options"
  /** Something nobody foresaw; `cause` has it. */
  | "unknown";

/** Every code, with room for those the image pipeline may add. */
export type WindlassErrorCode = FailureCode | ClientErrorCode | (string & {});

export interface WindlassErrorOptions {
  /** Whether the same thing may succeed later without anybody changing anything. */
  retryable?: boolean | undefined;
  /** The service's id of the request, to quote when reporting the problem. */
  requestId?: string | undefined;
  /** The name of the file concerned. */
  file?: string | undefined;
  cause?: unknown;
}

export class WindlassError extends Error {
  /** Stable, for programs. */
  readonly code: WindlassErrorCode;
  /** Whether the same thing may succeed later without anybody changing anything. */
  readonly retryable: boolean;
  /** The service's id of the request, to quote when reporting the problem. */
  readonly requestId: string | undefined;
  /** The name of the file concerned. */
  readonly file: string | undefined;

  constructor(code: WindlassErrorCode, message: string, options: WindlassErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    // As `fetch` does it, so that a caller's usual check for aborts keeps working.
    this.name = code === "cancelled" ? "AbortError" : "WindlassError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.requestId = options.requestId;
    this.file = options.file;
  }
}

/** An error as it crosses `postMessage`, which keeps no own properties of an `Error`. */
export interface PlainError {
  code: WindlassErrorCode;
  message: string;
  retryable: boolean;
  requestId?: string | undefined;
}

/** Exhaustive on purpose: a code added to the service does not compile until it is decided here. */
const RETRYABLE: Record<ErrorCode, boolean> = {
  unauthorized: false,
  token_expired: true,
  forbidden: false,
  not_found: false,
  method_not_allowed: false,
  invalid_json: false,
  invalid_request: false,
  request_too_large: false,
  request_timeout: true,
  type_not_allowed: false,
  file_too_large: false,
  file_too_small: false,
  client_ref_conflict: false,
  parts_missing: true,
  bytes_missing: true,
  assembling: true,
  size_mismatch: false,
  checksum_mismatch: false,
  type_mismatch: false,
  upload_closed: false,
  invalid_transition: false,
  quota_exceeded: false,
  rate_limited: true,
  store_unavailable: true,
  unavailable: true,
  internal: true,
};

/** What the service says of the file itself, which sending it again does not change. */
const ABOUT_THE_FILE: ReadonlySet<string> = new Set<ErrorCode>(["type_not_allowed", "type_mismatch", "file_too_large", "file_too_small"]);

/** Whether the file is the reason; everything else may be another way another time. */
export function isAboutTheFile({ code }: { code: string }): boolean {
  return ABOUT_THE_FILE.has(code);
}

/** The error for an answer of the service that is not a success. */
export function errorFromAnswer(status: number, requestId: string | null, body: unknown): WindlassError {
  if (isProblem(body)) {
    return new WindlassError(body.code, body.detail, {
      retryable: Object.hasOwn(RETRYABLE, body.code) ? RETRYABLE[body.code] : status >= 500,
      requestId: body.request_id ?? requestId ?? undefined,
      file: body.file,
    });
  }
  // Not ours: a proxy, a captive portal, a wrong endpoint. What is there and what is not only the service says.
  const retryable = status >= 500 || status === 429 || status === 408;
  return new WindlassError(
    retryable ? "unavailable" : "network",
    `The photo service answered with status ${status}, which it did not explain. Check the endpoint, or try again later.`,
    { retryable, requestId: requestId ?? undefined },
  );
}

/** Whatever was thrown, as a `WindlassError`. */
export function toWindlassError(thrown: unknown, file?: string): WindlassError {
  if (thrown instanceof WindlassError) {
    return thrown;
  }
  if (isNamed(thrown, "AbortError")) {
    return cancelled(file, thrown);
  }
  const { code, message, retryable, requestId } = toPlainError(thrown);
  return new WindlassError(code, message, { retryable, requestId, file, cause: thrown });
}

/** Whatever was thrown, ready for `postMessage`. WebAssembly throws errors with `code` and `retryable`. */
export function toPlainError(thrown: unknown): PlainError {
  const source = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Record<string, unknown>;
  const text = (key: string): string | undefined =>
    typeof source[key] === "string" ? (source[key] as string) : undefined;
  return {
    code: text("code") ?? "unknown",
    message: text("message") ?? String(thrown),
    retryable: source["retryable"] === true,
    requestId: text("requestId") ?? text("request_id"),
  };
}

export function fromPlainError(plain: PlainError, file?: string): WindlassError {
  const { code, message, retryable, requestId } = plain;
  return new WindlassError(code, message, { retryable, requestId, file });
}

/** The same error, about that file. */
export function withFile(error: WindlassError, file: string): WindlassError {
  const { code, message, retryable, requestId, cause } = error;
  return new WindlassError(code, message, { retryable, requestId, file, cause });
}

export function cancelled(file?: string, cause?: unknown): WindlassError {
  const what = file === undefined ? "The operation" : `The upload of “${file}”`;
  return new WindlassError("cancelled", `${what} was cancelled.`, { file, cause });
}

export function closedError(): WindlassError {
  return new WindlassError("closed", "This Windlass client was closed. Make a new one to send files.");
}

/** A trap leaves a WebAssembly instance in an unknown state: it must not be called again. */
export function isTrap(thrown: unknown): boolean {
  return thrown instanceof WebAssembly.RuntimeError || thrown instanceof RangeError;
}

function isNamed(thrown: unknown, name: string): boolean {
  return typeof thrown === "object" && thrown !== null && (thrown as { name?: unknown }).name === name;
}

function isProblem(body: unknown): body is Problem {
  if (typeof body !== "object" || body === null) {
    return false;
  }
  const { code, detail } = body as Record<string, unknown>;
  return typeof code === "string" && typeof detail === "string";
}
