/**
 * What happens to a project's photos, as it happens: a stream of events (SSE), opened by a ticket since an
 * `EventSource` cannot send a token. A stream that is cut is opened again from the last event that is known;
 * where streams do not get through, the project is asked every few seconds whether anything happened.
 */
import { WindlassError } from "./errors.js";
import type { EventTicket } from "./generated/EventTicket";
import type { EventKind } from "./generated/EventKind";
import type { PhotoEvent } from "./generated/PhotoEvent";

/** Where to ask. */
export interface LiveSource {
  ticket(options: { signal: AbortSignal }): Promise<EventTicket>;
  /** The address of a stream. */
  streamUrl(ticket: string, lastEventId: number): string;
  /** What stands for the project's state: the same as long as nothing happens. */
  fingerprint(known: string | null, options: { signal: AbortSignal }): Promise<string>;
}

/** How news reach the page now. */
export type LiveState = "connecting" | "live" | "polling" | "stopped";

export interface LiveListener {
  /** Something happened to a photo. */
  happened(kind: EventKind, event: PhotoEvent): void;
  /** Something may have happened to any photo, or nobody is told any more for want of a token: look at the list. */
  look(): void;
  changed?(state: LiveState): void;
}

/** What a test puts in place of the browser. */
export interface LiveTimes {
  /** A number from 0 to 1. */
  random(): number;
  eventSource(url: string): EventSource;
}

const KINDS: readonly EventKind[] = [
  "photo.created",
  "photo.status",
  "photo.updated",
  "photo.deleted",
  "photo.arriving",
  "photo.withdrawn",
];

/** How long to wait for a stream to begin: a proxy that collects it lets nothing through. */
const BEGIN_MS = 10_000;
/** The service says something every 15 s; a stream that is silent for longer is dead, whatever the browser thinks. */
const SILENCE_MS = 40_000;
/** A stream that lasted this long gets through: some proxies let the first words out and then cut it. */
const STEADY_MS = 5_000;
/** After so many streams that did not begin, or did not last, the page polls meanwhile. */
const POLL_AFTER_FAILURES = 2;
/** How long to wait before asking again; with what chance adds, and the answer takes, news are seen within five seconds. */
const POLL_MS = 3_000;
const POLL_SPREAD_MS = 1_000;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** A page that is not let in for one of these is so until somebody signs in, or is given leave. */
const REFUSALS: ReadonlySet<string> = new Set(["unauthorized", "token_expired", "token_unavailable", "forbidden"]);

const BROWSER: LiveTimes = {
  random: () => Math.random(),
  eventSource: (url) => new EventSource(url),
};

export class LivePhotos {
  readonly #source: LiveSource;
  readonly #listener: LiveListener;
  readonly #times: LiveTimes;
  #position = 0;
  #state: LiveState = "stopped";
  #stream: EventSource | null = null;
  /** Ends the requests under way. */
  #asking = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #steadyTimer: ReturnType<typeof setTimeout> | undefined;
  #pollTimer: ReturnType<typeof setTimeout> | undefined;
  /** How often polling was stopped: an answer to a question of before is not for those who poll now. */
  #pollingStops = 0;
  /** How long to wait before asking again: longer each time the page is not let in. */
  #pollMs = POLL_MS;
  #fingerprint: string | null = null;
  #failures = 0;

  constructor(source: LiveSource, listener: LiveListener, times: LiveTimes = BROWSER) {
    this.#source = source;
    this.#listener = listener;
    this.#times = times;
  }

  get state(): LiveState {
    return this.#state;
  }

  /** Begins after an event: `latest_event` of the list that is shown. */
  start(after: number): void {
    this.stop();
    this.#position = after;
    this.#failures = 0;
    this.resume();
  }

  /** Goes on from where it was, at once. */
  resume(): void {
    this.#close();
    this.#setState("connecting");
    void this.#open();
  }

  /** Tells nothing more until it is resumed. */
  stop(): void {
    this.#close();
    this.#setState("stopped");
  }

  async #open(): Promise<void> {
    const { signal } = this.#asking;
    this.#timer = setTimeout(() => this.#again(), BEGIN_MS);
    try {
      const { ticket } = await this.#source.ticket({ signal });
      if (!signal.aborted) {
        this.#listen(this.#times.eventSource(this.#source.streamUrl(ticket, this.#position)));
      }
    } catch {
      if (!signal.aborted) {
        this.#again();
      }
    }
  }

  #listen(stream: EventSource): void {
    this.#stream = stream;
    const on = (name: string, heard: (event: MessageEvent<string>) => void): void =>
      stream.addEventListener(name, (event) => {
        if (this.#stream === stream && event instanceof MessageEvent) {
          this.#alive();
          heard(event as MessageEvent<string>);
        }
      });
    on("ready", () => {
      clearTimeout(this.#steadyTimer);
      this.#steadyTimer = setTimeout(() => (this.#failures = 0), STEADY_MS);
      this.#stopPolling();
      this.#setState("live");
    });
    on("heartbeat", () => undefined);
    on("reset", (event) => {
      this.#position = Number(event.lastEventId);
      this.#listener.look();
    });
    for (const kind of KINDS) {
      on(kind, (event) => {
        this.#position = Number(event.lastEventId);
        this.#listener.happened(kind, JSON.parse(event.data) as PhotoEvent);
      });
    }
    // The browser's own second try would come with a ticket that is used up.
    stream.addEventListener("error", () => {
      if (this.#stream === stream) {
        this.#again();
      }
    });
  }

  #alive(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#again(), SILENCE_MS);
  }

  /** Later, with a new ticket: at any time up to the limit, so that many pages do not come back as one. */
  #again(): void {
    const isFirst = this.#state === "live" && this.#failures === 0;
    this.#close({ keepPolling: true });
    this.#failures += 1;
    if (this.#state === "live") {
      this.#setState("connecting");
    }
    if (this.#failures >= POLL_AFTER_FAILURES && this.#state !== "polling") {
      this.#setState("polling");
      this.#poll();
    }
    const limit = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures);
    const wait = this.#times.random() * (isFirst ? FIRST_RETRY_MS : limit);
    this.#timer = setTimeout(() => void this.#open(), wait);
  }

  #poll(): void {
    const stops = this.#pollingStops;
    this.#pollTimer = setTimeout(() => {
      // Safari before 16 has no `AbortSignal.timeout`.
      const asking = new AbortController();
      const timer = setTimeout(() => asking.abort(), BEGIN_MS);
      void this.#source
        .fingerprint(this.#fingerprint, { signal: asking.signal })
        .then((fingerprint) => {
          if (stops !== this.#pollingStops) {
            return;
          }
          this.#pollMs = POLL_MS;
          if (fingerprint !== this.#fingerprint) {
            this.#fingerprint = fingerprint;
            this.#listener.look();
          }
        })
        .catch((thrown) => {
          // Where the service cannot be reached: the next time, perhaps.
          if (stops === this.#pollingStops && thrown instanceof WindlassError && REFUSALS.has(thrown.code)) {
            this.#notLetIn();
          }
        })
        .finally(() => {
          clearTimeout(timer);
          if (stops === this.#pollingStops) {
            this.#poll();
          }
        });
    }, this.#pollMs + POLL_SPREAD_MS * this.#times.random());
  }

  /** The list that is shown does not say so by itself. Looking at it once does, until the page is let in again. */
  #notLetIn(): void {
    if (this.#pollMs === POLL_MS) {
      this.#listener.look();
    }
    this.#pollMs = Math.min(2 * this.#pollMs, LONGEST_RETRY_MS);
  }

  #stopPolling(): void {
    this.#pollingStops += 1;
    this.#pollMs = POLL_MS;
    clearTimeout(this.#pollTimer);
  }

  #close({ keepPolling = false } = {}): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#steadyTimer);
    this.#stream?.close();
    this.#stream = null;
    this.#asking.abort();
    this.#asking = new AbortController();
    if (!keepPolling) {
      this.#stopPolling();
    }
  }

  #setState(state: LiveState): void {
    if (this.#state !== state) {
      this.#state = state;
      this.#listener.changed?.(state);
    }
  }
}
