/** The photos of a project: the small JSON part of the service that is not about bytes. */
import { cancelled, errorFromAnswer, WindlassError } from "./errors.js";
import type { EditPhotoRequest } from "./generated/EditPhotoRequest";
import type { EventTicket } from "./generated/EventTicket";
import type { ListPhotosQuery } from "./generated/ListPhotosQuery";
import type { ListPhotosResponse } from "./generated/ListPhotosResponse";
import type { Photo } from "./generated/Photo";
import type { ShowPhotoQuery } from "./generated/ShowPhotoQuery";
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

  /** One photo, with fresh signed URLs; with `arriving` also one whose original is on its way. */
  async get(photoId: string, { signal, arriving = false }: RequestOptions & ShowPhotoQuery = {}): Promise<Photo> {
    const query = arriving ? "?arriving=true" : "";
    return (await this.#request("GET", `/photos/${encodeURIComponent(photoId)}${query}`, signal)) as Photo;
  }

  /** Changes what people say about a photo; what is absent stays. */
  async update(photoId: string, changes: EditPhotoRequest, { signal }: RequestOptions = {}): Promise<Photo> {
    return (await this.#request("PATCH", `/photos/${encodeURIComponent(photoId)}`, signal, changes)) as Photo;
  }

  /** Removes a photo, its smaller pictures and its bytes. */
  async delete(photoId: string, { signal }: RequestOptions = {}): Promise<void> {
    await this.#request("DELETE", `/photos/${encodeURIComponent(photoId)}`, signal);
  }

  /** A ticket for one stream of the project's events. */
  async ticket({ signal }: RequestOptions = {}): Promise<EventTicket> {
    return (await this.#request("POST", "/events/tickets", signal, { project_id: this.#project })) as EventTicket;
  }

  /** Where the stream is that begins after an event. */
  streamUrl(ticket: string, lastEventId: number): string {
    return `${this.#endpoint}/api/v1/events?${new URLSearchParams({ ticket, last_event_id: String(lastEventId) })}`;
  }

  /** What stands for the state of the project: the same text as long as nothing happens to its photos. */
  async fingerprint(known: string | null, { signal }: RequestOptions = {}): Promise<string> {
    const query = new URLSearchParams({ project_id: this.#project, limit: "1" });
    const answer = await this.#authorized((token) => this.#fetch("GET", `/photos?${query}`, signal, token, { etag: known }));
    return answer.headers.get("etag") ?? "";
  }

  async #request(method: string, path: string, signal: AbortSignal | undefined, body?: object): Promise<unknown> {
    return (await this.#authorized((token) => this.#fetch(method, path, signal, token, { body }))).body;
  }

  async #authorized<Answer>(send: (token: string) => Promise<Answer>): Promise<Answer> {
    try {
      return await send(await this.#tokens.get());
    } catch (thrown) {
      const code = thrown instanceof WindlassError ? thrown.code : "";
      if (code !== "token_expired" && code !== "unauthorized") {
        throw thrown;
      }
      // Once more with a new token: this one may just have been too old.
      return send(await this.#tokens.renew());
    }
  }

  async #fetch(
    method: string,
    path: string,
    signal: AbortSignal | undefined,
    token: string,
    { body, etag }: { body?: object | undefined; etag?: string | null },
  ): Promise<{ headers: Headers; body: unknown }> {
    let answer: Response;
    let json: unknown;
    try {
      answer = await fetch(`${this.#endpoint}/api/v1${path}`, {
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
        signal: signal ?? null,
      });
      json = await jsonOf(answer);
    } catch (thrown) {
      if (signal?.aborted) {
        throw cancelled(undefined, thrown);
      }
      throw new WindlassError("network", "The photo service cannot be reached. Check the connection and try again.", {
        retryable: true,
        cause: thrown,
      });
    }
    if (!answer.ok && answer.status !== 304) {
      throw errorFromAnswer(answer.status, answer.headers.get("x-request-id"), json);
    }
    return { headers: answer.headers, body: json };
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
