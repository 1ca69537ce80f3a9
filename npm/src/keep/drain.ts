/**
 * Sends what closed pages have left, in a service worker. What living pages hold is waited for as long as
 * the browser lets the worker live; then the browser calls again.
 */
import { isAboutTheFile } from "../errors.js";
import type { UploadEvent } from "../generated/UploadEvent";
import { Originals } from "../originals.js";
import { randomName } from "../random-name.js";
import { TokenSource } from "../token.js";
import initUpload, { UploadQueue } from "../wasm/generated/windlass_upload.js";
import { channelName, QueueDatabase, transact, type UploadRow } from "./database.js";
import { prepareGround } from "./ground.js";
import type { PageMessage } from "./elsewhere.js";
import { Keeping } from "./keeping.js";
import type { FromKeepWorker, Restored } from "./messages.js";
import { describeKept } from "./restored.js";
import { subjectOf } from "./subject.js";

/** Which queue: the service's address, and the project. */
export interface QueueName {
  endpoint: string;
  project: string;
}

export interface DrainOptions {
  /** A token for this queue. It is held in memory and nowhere else. */
  token: (queue: QueueName) => string | Promise<string>;
  module: WebAssembly.Module;
  /** Rejects when the browser's patience is about to end. */
  timeIsUp: Promise<never>;
}

/** A phone in a pocket is in no hurry, and another app may be. */
const CONNECTIONS = 2;
/** An open page answers at once, but its main thread may be busy. */
const ANSWER_MS = 1_000;

/** Every queue that has something in it. */
export async function queuesWithFiles(): Promise<QueueName[]> {
  const database = new QueueDatabase();
  try {
    const rows = await transact<UploadRow[]>(database, "uploads", "readonly", (store) => store("uploads").getAll());
    return [...new Set(rows.map(({ namespace }) => namespace))].map((namespace) => {
      const [endpoint = "", project = ""] = namespace.split(" ");
      return { endpoint, project };
    });
  } finally {
    database.close();
  }
}

/**
 * Resolves when nothing is left that can be sent without a page, or when a page is there, which goes on itself. Rejects
 * where originals wait for Wi-Fi, or something could not be read, or sent this time, when everything else is stored: the
 * browser is to call again.
 */
export async function drain(queue: QueueName, { token, module, timeIsUp }: DrainOptions): Promise<void> {
  const tokens = new TokenSource(() => token(queue));
  const subject = subjectOf(await Promise.race([timeIsUp, tokens.get()]));
  await initUpload({ module_or_path: module });
  const session = randomName();
  const namespace = `${queue.endpoint} ${queue.project}`;
  const told = new Inbox();
  const ground = prepareGround(session, { toWrite: false });
  const keeping = new Keeping(namespace, session, ground, (message) => told.put(message));
  const sender = new Sender(queue, tokens, (clientRef) => keeping.take({ kind: "forget", clientRef }));
  const pages = new Pages(namespace);
  const orNever = <Result>(work: Promise<Result>): Promise<Result | null> => Promise.race([timeIsUp, pages.hasCome, work]);
  let isWhole = true;
  try {
    for (;;) {
      const page = await pages.whoIsThere();
      if (page !== null) {
        // It sends something itself, or it has nothing to do with us: then what is left is its own to find.
        if (!(await (await ground).sessions.isAlive(page))) {
          return;
        }
        keeping.take({ kind: "watch", session: page });
        if ((await orNever(told.next("gone"))) === null) {
          return;
        }
        continue;
      }
      keeping.take({ kind: "restore", module, subject, unreadable: [], readyOnly: true, onWifi: null });
      const found = await orNever(told.next("restored"));
      if (found === null) {
        return;
      }
      if (found.uploads.length === 0 && found.elsewhere === 0) {
        if (!found.isWhole || !isWhole) {
          throw new Error("Not everything that is kept could be read and sent; the rest is sent later.");
        }
        return;
      }
      const work = found.uploads.length > 0 ? sender.send(found.uploads) : told.next("gone").then(() => "ended" as const);
      const outcome = await orNever(work);
      if (outcome === null) {
        return;
      }
      isWhole &&= outcome !== "unsent";
      if (outcome === "waiting_for_wifi") {
        throw new Error("Originals wait for Wi-Fi; they are sent later.");
      }
    }
  } finally {
    pages.close();
    sender.close();
    await keeping.end();
  }
}

/** The pages of a queue: they show what they send, which a service worker cannot, so they come first. */
class Pages {
  /** A page has been opened. */
  readonly hasCome: Promise<null>;
  readonly #channel: BroadcastChannel;
  #present: (session: string) => void = () => undefined;

  constructor(namespace: string) {
    this.#channel = new BroadcastChannel(channelName(namespace));
    this.hasCome = new Promise((resolve) => {
      this.#channel.onmessage = ({ data }: MessageEvent<PageMessage>) => {
        if (data.kind === "hello") {
          resolve(null);
        } else if (data.kind === "present") {
          this.#present(data.from);
        }
      };
    });
  }

  /** The session of a page that is open; `null` where none answers. */
  whoIsThere(): Promise<string | null> {
    return new Promise((resolve) => {
      this.#present = resolve;
      setTimeout(() => resolve(null), ANSWER_MS);
      this.#channel.postMessage({ kind: "worker" } satisfies PageMessage);
    });
  }

  close(): void {
    this.#channel.close();
  }
}

/** What the keeping told, to be waited for. */
class Inbox {
  readonly #messages: FromKeepWorker[] = [];
  #wake: () => void = () => undefined;

  put(message: FromKeepWorker): void {
    this.#messages.push(message);
    this.#wake();
  }

  /** The next message of that kind. Others stay: a page may be gone before what was looked for is told. */
  async next<Kind extends FromKeepWorker["kind"]>(kind: Kind): Promise<Extract<FromKeepWorker, { kind: Kind }>> {
    for (;;) {
      const position = this.#messages.findIndex((message) => message.kind === kind);
      if (position >= 0) {
        return this.#messages.splice(position, 1)[0] as Extract<FromKeepWorker, { kind: Kind }>;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** How far one got: to its end for good, to a failure that may not be one another time, or to its original, which waits. */
type Outcome = "ended" | "unsent" | "waiting_for_wifi";

/** The engine, with what it is given and what has not ended. */
class Sender {
  readonly #queue: UploadQueue;
  readonly #originals: Originals;
  readonly #pending = new Map<string, (outcome: Outcome) => void>();
  /** Those of them of which only the original is left, and that waits. */
  readonly #waiting = new Set<string>();
  readonly #onEnded: (clientRef: string) => void;

  /** `onEnded` hears of what ended for good. */
  constructor({ endpoint, project }: QueueName, tokens: TokenSource, onEnded: (clientRef: string) => void) {
    this.#onEnded = onEnded;
    this.#queue = new UploadQueue(
      { endpoint, project, max_connections: CONNECTIONS },
      { token: () => tokens.renew(), onEvent: (event: UploadEvent) => this.#follow(event) },
    );
    this.#originals = new Originals("at-once", (wait) => this.#queue.setOriginalsWait(wait));
  }

  /**
   * Resolves when each has ended, well or not: what may succeed another time stays kept, `unsent`. Or when nothing is left
   * but originals that wait for Wi-Fi; where pages of one queue did not agree about that, they all do.
   */
  async send(found: readonly Restored[]): Promise<Outcome> {
    if (found.some(({ onWifi }) => onWifi)) {
      this.#originals.policy = "on-wifi";
    }
    const outcomes = await Promise.all(found.map((each) => this.#sendOne(each)));
    return (["waiting_for_wifi", "unsent"] as const).find((outcome) => outcomes.includes(outcome)) ?? "ended";
  }

  close(): void {
    this.#originals.close();
    this.#queue.free();
  }

  #sendOne(found: Restored): Promise<Outcome> {
    // Nobody looks at what was made of it here.
    const described = describeKept(found, []);
    if (described === null) {
      return Promise.resolve("ended");
    }
    const { filename, content_type, metadata, variants } = described;
    const rest = { ...(metadata && { metadata }), ...(variants && { variants }) };
    return new Promise((resolve) => {
      this.#pending.set(found.upload.client_ref, resolve);
      this.#queue.add(found.upload.client_ref, found.file, { filename, content_type, resumed: true, again: found.upload.again, ...rest });
    });
  }

  #follow(event: UploadEvent): void {
    if (event.type === "phase" && event.phase === "waiting_for_wifi") {
      this.#waiting.add(event.client_ref);
    } else if (event.type !== "progress") {
      this.#waiting.delete(event.client_ref);
    }
    if (event.type === "stored" || event.type === "failed" || event.type === "cancelled") {
      const isOver = event.type !== "failed" || isAboutTheFile(event.error);
      if (isOver) {
        this.#onEnded(event.client_ref);
      }
      this.#pending.get(event.client_ref)?.(isOver ? "ended" : "unsent");
      this.#pending.delete(event.client_ref);
    }
    if (this.#waiting.size === this.#pending.size) {
      this.#pending.forEach((settle) => settle("waiting_for_wifi"));
      this.#pending.clear();
    }
  }
}
