/** The loaded part of a project's photos, newest first, and how to get more of it. */
import type { Photos } from "../api.js";
import { cancelled, toWindlassError } from "../errors.js";
import type { Photo } from "../generated/Photo";
import type { GalleryFilter } from "./gallery-bar.js";
import { isArriving } from "./photo-facts.js";

/** The most the service gives in one page. */
const MAX_LIMIT = 100;
/** So many that were heard of are kept beyond those that were asked for: a page that is open all day stays small. */
const HEARD_OF_MAX = 100;

export class PhotoPages {
  readonly #source: Pick<Photos, "list" | "get">;
  readonly #pageSize: number;
  readonly #filter: GalleryFilter;
  readonly #stopping = new AbortController();
  #photos: Photo[] = [];
  /** Ids of photos that were dropped: answers given before that do not bring them back. */
  readonly #gone = new Set<string>();
  /** `undefined` before the first page, `null` after the last. */
  #cursor: string | null | undefined;
  /** How many photos were asked for. */
  #asked = 0;
  /** The oldest that were loaded were let go: the cursor is not where the list ends. */
  #isCut = false;
  #last: Promise<void> = Promise.resolve();
  /** What was heard of since the request under way began, by id; `null` while there is none. */
  #heardMeanwhile: Map<string, Photo> | null = null;
  /** The refresh that has not begun: it will see whatever is asked for until then. */
  #nextRefresh: Promise<void> | null = null;
  #lacksToken = false;
  #latestEvent: number | null = null;

  constructor(source: Pick<Photos, "list" | "get">, pageSize: number, filter: GalleryFilter = {}) {
    this.#source = source;
    this.#pageSize = pageSize;
    this.#filter = filter;
  }

  get photos(): readonly Photo[] {
    return this.#photos;
  }

  get hasMore(): boolean {
    return this.#isCut || this.#cursor !== null;
  }

  /** Whether these are all photos of the project, so that one that is heard of belongs among them. */
  get isWhole(): boolean {
    return Object.keys(this.#filter).length === 0;
  }

  /** The latest event the first page knew of; `null` before it is there. */
  get latestEvent(): number | null {
    return this.#latestEvent;
  }

  /** Whether what was asked for last could not be had for want of a token that the service takes. */
  get lacksToken(): boolean {
    return this.#lacksToken;
  }

  /** Loads the next page. */
  more(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#isCut) {
        await this.#reload(this.#photos.length + this.#pageSize);
        this.#asked = this.#photos.length;
      } else if (this.#cursor !== null) {
        const page = await this.#list(this.#pageSize, this.#cursor);
        this.#photos = withoutTwins([...this.#photos, ...this.#current(page.photos)]);
        this.#cursor = page.next_cursor;
        this.#asked = this.#photos.length;
        this.#latestEvent ??= page.latest_event;
      }
    });
  }

  /** Loads again as many photos as there are. */
  refresh(): Promise<void> {
    this.#nextRefresh ??= this.#inTurn(() => {
      this.#nextRefresh = null;
      return this.#reload(Math.max(this.#pageSize, this.#photos.length));
    });
    return this.#nextRefresh;
  }

  async #reload(wanted: number): Promise<void> {
    const photos: Photo[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await this.#list(Math.min(MAX_LIMIT, wanted - photos.length), cursor);
      photos.push(...page.photos);
      cursor = page.next_cursor;
      this.#latestEvent ??= page.latest_event;
    } while (cursor !== null && photos.length < wanted);
    this.#photos = withoutTwins(this.#current(photos));
    this.#cursor = cursor;
    this.#isCut = false;
  }

  /** The photo to go to where this one goes: the next, or the one before the last. */
  beside(photoId: string): Photo | undefined {
    const position = this.#photos.findIndex(({ photo_id }) => photo_id === photoId);
    return position < 0 ? undefined : (this.#photos[position + 1] ?? this.#photos[position - 1]);
  }

  /** Asks for photos that changed. Resolves to the ids of those nothing is known of: only the service's word takes one away. */
  async learn(photoIds: readonly string[]): Promise<string[]> {
    const missed: string[] = [];
    for (const photoId of photoIds) {
      const photo = await this.find(photoId);
      if (photo === null) {
        this.drop(photoId);
      } else if (photo === undefined) {
        missed.push(photoId);
      } else {
        this.put(photo);
      }
    }
    return missed;
  }

  /** A photo as it is now, also where it is not listed; `null` where it is gone, `undefined` where nothing is known of it. */
  async find(photoId: string): Promise<Photo | null | undefined> {
    if (this.isGone(photoId)) {
      return null;
    }
    try {
      return await this.#source.get(photoId, { arriving: true });
    } catch (thrown) {
      return toWindlassError(thrown).code === "not_found" ? null : undefined;
    }
  }

  /** A photo the page heard of another way: in its place. One that is older than those that are loaded waits. */
  put(heardOf: Photo): void {
    const [photo] = this.#current([heardOf]);
    if (photo === undefined) {
      return;
    }
    this.#heardMeanwhile?.set(photo.photo_id, photo);
    const known = this.#photos.findIndex(({ photo_id }) => photo_id === photo.photo_id);
    if (known >= 0) {
      this.#photos[known] = photo;
      return;
    }
    if (!this.isWhole) {
      // Whether it passes the filter, and what is beside it then, only the service knows.
      return;
    }
    // Ids sort by the time they were made, and lists are newest first.
    const older = this.#photos.findIndex(({ photo_id }) => photo_id < photo.photo_id);
    if (older >= 0) {
      this.#photos.splice(older, 0, photo);
      this.#cut();
    } else if (!this.hasMore) {
      this.#photos.push(photo);
    }
  }

  /** Lets the oldest go where more were heard of than anybody asked to see. */
  #cut(): void {
    if (this.#photos.length > Math.max(this.#asked, this.#pageSize) + HEARD_OF_MAX) {
      this.#photos.pop();
      this.#isCut = true;
    }
  }

  drop(photoId: string): void {
    this.#gone.add(photoId);
    this.#photos = this.#photos.filter(({ photo_id }) => photo_id !== photoId);
  }

  isGone(photoId: string): boolean {
    return this.#gone.has(photoId);
  }

  /** What an answer tells of photos, as far as nothing later is known: answers overtake each other. */
  #current(photos: readonly Photo[]): Photo[] {
    const stored = new Map(this.#photos.filter((photo) => !isArriving(photo)).map((photo) => [photo.photo_id, photo]));
    return photos
      .filter(({ photo_id }) => !this.#gone.has(photo_id))
      .map((photo) => (isArriving(photo) ? (stored.get(photo.photo_id) ?? photo) : photo));
  }

  stop(): void {
    this.#stopping.abort();
  }

  #list(limit: number, cursor: string | null | undefined): ReturnType<Photos["list"]> {
    return this.#source.list({ ...this.#filter, arriving: true, limit, signal: this.#stopping.signal, ...(cursor && { cursor }) });
  }

  /** One request after the other: two at once would mix their cursors. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#last.then(async () => {
      if (this.#stopping.signal.aborted) {
        throw cancelled();
      }
      const heardOf = (this.#heardMeanwhile = new Map<string, Photo>());
      await work().finally(() => (this.#heardMeanwhile = null));
      // The answer may have been given before.
      heardOf.forEach((photo) => this.put(photo));
    });
    this.#last = turn.then(
      () => {
        this.#lacksToken = false;
      },
      (thrown: unknown) => {
        const { code } = toWindlassError(thrown);
        this.#lacksToken = code === "unauthorized" || code === "token_expired" || code === "token_unavailable";
      },
    );
    return turn;
  }
}

function withoutTwins(photos: readonly Photo[]): Photo[] {
  return [...new Map(photos.map((photo) => [photo.photo_id, photo])).values()];
}
