/** Requests to the service: the small JSON part that is not about bytes. */
import { cancelled, errorFromAnswer, WindlassError } from "./errors.js";
import { listenTo, Silence, SILENT_MOST_MS } from "./silence.js";
import type { TokenSource } from "./token.js";

export interface RequestOptions {
  signal?: AbortSignal;
}

/** What a request carries beside its path. */
interface Extra {
  body?: object | undefined;
  /** What is known already, to be answered 304. */
  etag?: string | null;
}

export class Requests {
  readonly #endpoint: string;
  readonly #tokens: TokenSource;

  constructor(endpoint: string, tokens: TokenSource) {
    this.#endpoint = endpoint;
    this.#tokens = tokens;
  }

  /** The body of an answer. */
  async send(method: string, path: string, signal?: AbortSignal, body?: object): Promise<unknown> {
    return (await this.answer(method, path, signal, { body })).body;
  }

  /** An answer with its headers. */
  async answer(method: string, path: string, signal?: AbortSignal, extra: Extra = {}): Promise<{ headers: Headers; body: unknown }> {
    const send = (token: string) => this.#fetch(method, path, signal, token, extra);
    const token = await this.#tokens.get();
    try {
      return await send(token);
    } catch (thrown) {
      const code = thrown instanceof WindlassError ? thrown.code : "";
      if (code !== "token_expired" && code !== "unauthorized") {
        throw thrown;
      }
      // Once more with a new token: this one may just have been too old.
      return send(await this.#tokens.insteadOf(token));
    }
  }

  async #fetch(
    method: string,
    path: string,
    signal: AbortSignal | undefined,
    token: string,
    { body, etag }: Extra,
  ): Promise<{ headers: Headers; body: unknown }> {
    const request: RequestInit = {
      method,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${token}`,
        ...(body && { "content-type": "application/json" }),
        ...(etag && { "if-none-match": etag }),
      },
      body: body === undefined ? null : JSON.stringify(body),
      // A list with signed URLs must not come from a cache, nor cookies go along.
      cache: "no-store",
      credentials: "omit",
    };
    // Of what changes something nobody would know whether it was done.
    const { answer, json } = await ask(`${this.#endpoint}/api/v1${path}`, request, signal, { mayRepeat: method === "GET" });
    // The service has something to say with whatever it answers but these. What says nothing, and calls that a success, is
    // a page: a proxy's, or a wrong endpoint's.
    const isEmpty = answer.status === 204 || answer.status === 304;
    if (!isEmpty && (!answer.ok || json === null)) {
      throw errorFromAnswer(answer.status, answer.headers.get("x-request-id"), json);
    }
    return { headers: answer.headers, body: json };
  }
}

/**
 * The answer, unless nothing is heard of it for long. Then, where that does no harm, it is asked for once more: the
 * connection may have died with the network before.
 */
async function ask(
  url: string,
  request: RequestInit,
  signal: AbortSignal | undefined,
  { mayRepeat }: { mayRepeat: boolean },
): Promise<{ answer: Response; json: unknown }> {
  const silence = new Silence(SILENT_MOST_MS, signal);
  try {
    const answer = await fetch(url, { ...request, signal: silence.signal });
    silence.heard();
    void listenTo(answer.clone(), silence);
    return { answer, json: await jsonOf(answer) };
  } catch (thrown) {
    if (signal?.aborted) {
      throw cancelled(undefined, thrown);
    }
    if (mayRepeat && silence.signal.aborted) {
      return await ask(url, request, signal, { mayRepeat: false });
    }
    throw new WindlassError("network", "The photo service cannot be reached. Check the connection and try again.", {
      retryable: true,
      cause: thrown,
    });
  } finally {
    silence.end();
  }
}

/** `null` where there is no JSON: a 204, or a proxy's error page. */
async function jsonOf(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return null;
  }
}
