/** The loaded part of a project's photos, newest first, and how to get more of it. */
import type { Photos } from "../api.js";
import { cancelled } from "../errors.js";
import type { Photo } from "../generated/Photo";

/** The most the service gives in one page. */
const MAX_LIMIT = 100;

export class PhotoPages {
  readonly #source: Pick<Photos, "list">;
  readonly #pageSize: number;
  readonly #stopping = new AbortController();
  #photos: Photo[] = [];
  /** `undefined` before the first page, `null` after the last. */
  #cursor: string | null | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(source: Pick<Photos, "list">, pageSize: number) {
    this.#source = source;
    this.#pageSize = pageSize;
  }

  get photos(): readonly Photo[] {
    return this.#photos;
  }

  get hasMore(): boolean {
    return this.#cursor !== null;
  }

  /** Loads the next page. */
  more(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#cursor !== null) {
        const page = await this.#list(this.#pageSize, this.#cursor);
        this.#photos = withoutTwins([...this.#photos, ...page.photos]);
        this.#cursor = page.next_cursor;
      }
    });
  }

  /** Loads again as many photos as there are. */
  refresh(): Promise<void> {
    return this.#inTurn(async () => {
      const wanted = Math.max(this.#pageSize, this.#photos.length);
      const photos: Photo[] = [];
      let cursor: string | null | undefined;
      do {
        const page = await this.#list(Math.min(MAX_LIMIT, wanted - photos.length), cursor);
        photos.push(...page.photos);
        cursor = page.next_cursor;
      } while (cursor !== null && photos.length < wanted);
      this.#photos = withoutTwins(photos);
      this.#cursor = cursor;
    });
  }

  /** A photo the page heard of another way: in its place if known, otherwise the newest. */
  put(photo: Photo): void {
    const known = this.#photos.findIndex(({ photo_id }) => photo_id === photo.photo_id);
    if (known >= 0) {
      this.#photos[known] = photo;
    } else {
      this.#photos.unshift(photo);
    }
  }

  drop(photoId: string): void {
    this.#photos = this.#photos.filter(({ photo_id }) => photo_id !== photoId);
  }

  stop(): void {
    this.#stopping.abort();
  }

  #list(limit: number, cursor: string | null | undefined): ReturnType<Photos["list"]> {
    return this.#source.list({ limit, signal: this.#stopping.signal, ...(cursor && { cursor }) });
  }

  /** One request after the other: two at once would mix their cursors. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last
      .catch(() => undefined)
      .then(() => {
        if (this.#stopping.signal.aborted) {
          throw cancelled();
        }
        return work();
      });
    this.#last = turn;
    return turn;
  }
}

function withoutTwins(photos: readonly Photo[]): Photo[] {
  return [...new Map(photos.map((photo) => [photo.photo_id, photo])).values()];
}
