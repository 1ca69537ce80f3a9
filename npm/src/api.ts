/** The photos of a project: the small JSON part of the service that is not about bytes. */
import { cancelled, errorFromAnswer, WindlassError } from "./errors.js";
import type { ListPhotosQuery } from "./generated/ListPhotosQuery";
import type { ListPhotosResponse } from "./generated/ListPhotosResponse";
import type { Photo } from "./generated/Photo";
import type { TokenSource } from "./token.js";

export interface ListOptions extends Omit<ListPhotosQuery, "project_id"> {
  signal?: AbortSignal;
}

export interface RequestOptions {
  signal?: AbortSignal;
}

export class Photos {
  readonly #endpoint: string;
  readonly #project: string;
  readonly #tokens: TokenSource;

  /** Made by `Windlass`. */
  constructor(endpoint: string, project: string, tokens: TokenSource) {
    this.#endpoint = endpoint;
    this.#project = project;
    this.#tokens = tokens;
  }

  /** One page, newest first; ask on with its `next_cursor`. */
  async list({ signal, ...asked }: ListOptions = {}): Promise<ListPhotosResponse> {
    const query = new URLSearchParams({ project_id: this.#project });
    for (const [name, value] of Object.entries(asked)) {
      if (value !== undefined) {
        query.set(name, String(value));
      }
    }
    return (await this.#request("GET", `/photos?${query}`, signal)) as ListPhotosResponse;
  }

  /** One photo, with fresh signed URLs. */
  async get(photoId: string, { signal }: RequestOptions = {}): Promise<Photo> {
    return (await this.#request("GET", `/photos/${encodeURIComponent(photoId)}`, signal)) as Photo;
  }

  /** Removes a photo, its smaller pictures and its bytes. */
  async delete(photoId: string, { signal }: RequestOptions = {}): Promise<void> {
    await this.#request("DELETE", `/photos/${encodeURIComponent(photoId)}`, signal);
  }

  async #request(method: string, path: string, signal: AbortSignal | undefined): Promise<unknown> {
    try {
      return await this.#send(method, path, signal, await this.#tokens.get());
    } catch (thrown) {
      const code = thrown instanceof WindlassError ? thrown.code : "";
      if (code !== "token_expired" && code !== "unauthorized") {
        throw thrown;
      }
      // Once more with a new token: this one may just have been too old.
      return this.#send(method, path, signal, await this.#tokens.renew());
    }
  }

  async #send(method: string, path: string, signal: AbortSignal | undefined, token: string): Promise<unknown> {
    let answer: Response;
    let body: unknown;
    try {
      answer = await fetch(`${this.#endpoint}/api/v1${path}`, {
        method,
        headers: { accept: "application/json", authorization: `Bearer ${token}` },
        // A list with signed URLs must not come from a cache, nor cookies go along.
        cache: "no-store",
        credentials: "omit",
        signal: signal ?? null,
      });
      body = await jsonOf(answer);
    } catch (thrown) {
      if (signal?.aborted) {
        throw cancelled(undefined, thrown);
      }
      throw new WindlassError("network", "The photo service cannot be reached. Check the connection and try again.", {
        retryable: true,
        cause: thrown,
      });
    }
    if (!answer.ok) {
      throw errorFromAnswer(answer.status, answer.headers.get("x-request-id"), body);
    }
    return body;
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
