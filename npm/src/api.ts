/** What is there: the photos of a project, and the links by which customers without an account may send more. */
import type { CreatedUploadLink } from "./generated/CreatedUploadLink";
import type { CreateUploadLinkRequest } from "./generated/CreateUploadLinkRequest";
import type { EditPhotoRequest } from "./generated/EditPhotoRequest";
import type { EventTicket } from "./generated/EventTicket";
import type { ListPhotosQuery } from "./generated/ListPhotosQuery";
import type { ListPhotosResponse } from "./generated/ListPhotosResponse";
import type { ListUploadLinksResponse } from "./generated/ListUploadLinksResponse";
import type { Photo } from "./generated/Photo";
import type { ShowPhotoQuery } from "./generated/ShowPhotoQuery";
import type { UploadLink } from "./generated/UploadLink";
import { Requests, type RequestOptions } from "./requests.js";
import type { TokenSource } from "./token.js";

export interface ListOptions extends Omit<ListPhotosQuery, "project_id"> {
  signal?: AbortSignal;
}

/** Of a link to make: everything may be left out. */
export type CreateLinkOptions = CreateUploadLinkRequest & RequestOptions;

export class Photos {
  readonly #endpoint: string;
  readonly #project: string;
  readonly #requests: Requests;

  /** Made by `Windlass`. */
  constructor(endpoint: string, project: string, tokens: TokenSource) {
    this.#endpoint = endpoint;
    this.#project = project;
    this.#requests = new Requests(endpoint, tokens);
  }

  /** One page, newest first; ask on with its `next_cursor`. */
  async list({ signal, ...asked }: ListOptions = {}): Promise<ListPhotosResponse> {
    const query = new URLSearchParams({ project_id: this.#project });
    for (const [name, value] of Object.entries(asked)) {
      if (value !== undefined) {
        query.set(name, String(value));
      }
    }
    return (await this.#requests.send("GET", `/photos?${query}`, signal)) as ListPhotosResponse;
  }

  /** One photo, with fresh signed URLs; with `arriving` also one whose original is on its way. */
  async get(photoId: string, { signal, arriving = false }: RequestOptions & ShowPhotoQuery = {}): Promise<Photo> {
    const query = arriving ? "?arriving=true" : "";
    return (await this.#requests.send("GET", `/photos/${encodeURIComponent(photoId)}${query}`, signal)) as Photo;
  }

  /** Changes what people say about a photo; what is absent stays. */
  async update(photoId: string, changes: EditPhotoRequest, { signal }: RequestOptions = {}): Promise<Photo> {
    return (await this.#requests.send("PATCH", `/photos/${encodeURIComponent(photoId)}`, signal, changes)) as Photo;
  }

  /** Removes a photo, its smaller pictures and its bytes. */
  async delete(photoId: string, { signal }: RequestOptions = {}): Promise<void> {
    await this.#requests.send("DELETE", `/photos/${encodeURIComponent(photoId)}`, signal);
  }

  /** A ticket for one stream of the project's events. */
  async ticket({ signal }: RequestOptions = {}): Promise<EventTicket> {
    return (await this.#requests.send("POST", "/events/tickets", signal, { project_id: this.#project })) as EventTicket;
  }

  /** Where the stream is that begins after an event. */
  streamUrl(ticket: string, lastEventId: number): string {
    return `${this.#endpoint}/api/v1/events?${new URLSearchParams({ ticket, last_event_id: String(lastEventId) })}`;
  }

  /** What stands for the state of the project: the same text as long as nothing happens to its photos. */
  async fingerprint(known: string | null, { signal }: RequestOptions = {}): Promise<string> {
    const query = new URLSearchParams({ project_id: this.#project, limit: "1" });
    const answer = await this.#requests.answer("GET", `/photos?${query}`, signal, { etag: known });
    return answer.headers.get("etag") ?? "";
  }
}

/** Upload links: each lets its holder send photos into the project, and nothing else, until it ends. */
export class UploadLinks {
  readonly #path: string;
  readonly #requests: Requests;

  /** Made by `Windlass`, whose token needs the scope `links`. */
  constructor(endpoint: string, project: string, tokens: TokenSource) {
    this.#path = `/projects/${encodeURIComponent(project)}/upload-links`;
    this.#requests = new Requests(endpoint, tokens);
  }

  /** Makes one. Its `token` is told this once; `url` has it where the service knows the page that links lead to. */
  async create({ signal, ...asked }: CreateLinkOptions = {}): Promise<CreatedUploadLink> {
    return (await this.#requests.send("POST", this.#path, signal, asked)) as CreatedUploadLink;
  }

  /** The project's links, newest first, with what each has brought; ended ones among them. */
  async list({ signal }: RequestOptions = {}): Promise<UploadLink[]> {
    return ((await this.#requests.send("GET", this.#path, signal)) as ListUploadLinksResponse).links;
  }

  /** Ends one. What came through it stays. */
  async revoke(linkId: string, { signal }: RequestOptions = {}): Promise<void> {
    await this.#requests.send("DELETE", `${this.#path}/${encodeURIComponent(linkId)}`, signal);
  }
}
