/** What the elements share: where the service is, and how to get a token for it. */
import { Windlass } from "../client.js";
import type { WindlassOptions } from "../options.js";
import { fromLink, tokenFromUrl, type TokenProvider } from "../token.js";
import type { Upload } from "../upload.js";

/** So that importing the classes on a server, where there is no DOM, is harmless. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * Attributes: `endpoint` (the page's own origin when absent), `project`, `token-url`. Properties of the
 * same names, and `token` (a function), `link` (an upload link, for customers without an account: it brings
 * its project) and `client` (a `Windlass` of your own) instead of them. A link is no attribute, so that the
 * secret is not in the page's markup. `undefined` is no value, for frameworks assign what is not there yet.
 */
export abstract class WindlassElement extends Base {
  static readonly observedAttributes: readonly string[] = ["endpoint", "project", "token-url"];

  #token: TokenProvider | null = null;
  /** `null` where none was given; empty where a page was opened without the end of its address. */
  #link: string | null = null;
  #given: Windlass | null = null;
  #own: Windlass | null = null;
  /** What its own client asks for tokens, where that is a function. */
  #asked: { token: TokenProvider } | null = null;
  /** Between entering the page, when all attributes and properties are known, and leaving it. */
  #isInPage = false;
  #isChanging = false;

  get endpoint(): string {
    return this.getAttribute("endpoint") ?? "/";
  }
  set endpoint(value: string | null | undefined) {
    this.reflect("endpoint", value);
  }

  get project(): string {
    return this.getAttribute("project") ?? "";
  }
  set project(value: string | null | undefined) {
    this.reflect("project", value);
  }

  /** An address of your own server that answers `{"token": "…"}`. */
  get tokenUrl(): string {
    return this.getAttribute("token-url") ?? "";
  }
  set tokenUrl(value: string | null | undefined) {
    this.reflect("token-url", value);
  }

  /** Another function takes the place of the one before; whoever is to be somebody else from now on sets `null` first. */
  get token(): TokenProvider | null {
    return this.#token;
  }
  set token(value: TokenProvider | null | undefined) {
    const before = this.#token;
    this.#token = value ?? null;
    if ((before === null) !== (this.#token === null)) {
      this.#reconnect();
    } else if (before !== this.#token) {
      this.#askInstead();
    }
  }

  /**
   * The part after `#` of the address a customer was given. `null` where none was: of a property that is a text, Vue
   * assigns an empty one in place of `undefined`.
   */
  get link(): string | null {
    return this.#link;
  }
  set link(value: string | null | undefined) {
    const link = value ?? null;
    if (link !== this.#link) {
      this.#link = link;
      this.#reconnect();
    }
  }

  /** A client of your own, which the element uses and does not close. */
  get client(): Windlass | null {
    return this.#given ?? this.#own;
  }
  set client(value: Windlass | null | undefined) {
    const given = value ?? null;
    if (given !== this.#given) {
      this.#given = given;
      this.#reconnect();
    }
  }

  connectedCallback(): void {
    // What was set before the element was defined went past the setters.
    for (const name of this.upgradableProperties()) {
      if (Object.hasOwn(this, name)) {
        const self = this as Record<string, unknown>;
        const value = self[name];
        delete self[name];
        self[name] = value;
      }
    }
    this.#isInPage = true;
    this.connectionChanged();
  }

  disconnectedCallback(): void {
    this.#isInPage = false;
    // Moving an element within the page disconnects it for a moment only.
    queueMicrotask(() => {
      if (!this.isConnected) {
        this.left();
        void this.#closeWhileAway();
      }
    });
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    if (before !== now) {
      this.#reconnect();
    }
  }

  /** The client that was made of the attributes; `null` before that, and where one was given. */
  protected get ownClient(): Windlass | null {
    return this.#own;
  }

  /** The client to use, made now if need be. Throws where the attributes do not say enough. */
  protected connect(): Windlass {
    if (this.#given !== null) {
      return this.#given;
    }
    this.#own ??= new Windlass({
      endpoint: this.endpoint,
      ...(this.#link === null || (this.#link === "" && this.#isConfiguredWithout)
        ? { project: this.project, token: this.#tokenProvider() }
        : fromLink(this.#link)),
      ...this.clientOptions(),
    });
    return this.#own;
  }

  /** What its own client is made with, besides where and who: by default it leaves other pages' uploads alone. */
  protected clientOptions(): Partial<WindlassOptions> {
    return { resume: false };
  }

  /** Gets ready for a first file. What is wrong with the attributes is said when there is one to send. */
  protected warmUp(): void {
    if (this.configured) {
      try {
        this.connect().warmUp();
      } catch {
        // As above.
      }
    }
  }

  /** Whether the attributes and properties say enough to begin. */
  protected get configured(): boolean {
    return this.#given !== null || this.#link !== null || this.#isConfiguredWithout;
  }

  /** Whether they do without a link. */
  get #isConfiguredWithout(): boolean {
    return this.project !== "" && (this.#token !== null || this.tokenUrl !== "");
  }

  protected upgradableProperties(): readonly string[] {
    return ["endpoint", "project", "tokenUrl", "token", "link", "client", "strings"];
  }

  /** Called when the element enters the page, and when where or who changes. */
  protected abstract connectionChanged(): void;

  /** Called when it has left the page, and was not only moved. */
  protected left(): void {
    // Nothing by default.
  }

  /** Called when the client at hand asks another function for tokens. */
  protected tokenChanged(): void {
    // Nothing by default: it is asked when a token is needed.
  }

  protected reflect(attribute: string, value: string | null | undefined): void {
    if (value === null || value === undefined) {
      this.removeAttribute(attribute);
    } else {
      this.setAttribute(attribute, value);
    }
  }

  #tokenProvider(): TokenProvider {
    if (this.#token === null) {
      return tokenFromUrl(new URL(this.tokenUrl, document.baseURI));
    }
    const asked = { token: this.#token };
    this.#asked = asked;
    return () => asked.token();
  }

  /**
   * A function written in a template is another one at every rendering, which is no reason for another client. It is
   * asked a moment later: where the project changes with it, the client of the former goes on with its own function.
   */
  #askInstead(): void {
    const asked = this.#asked;
    queueMicrotask(() => {
      if (asked !== null && asked === this.#asked && this.#token !== null) {
        asked.token = this.#token;
        this.tokenChanged();
      }
    });
  }

  #reconnect(): void {
    if (this.#own !== null) {
      void closeWhenIdle(this.#own);
      this.#own = null;
    }
    this.#asked = null;
    // An element that is upgraded in the page hears of its attributes one by one, before it hears that it is there.
    if (!this.#isInPage || this.#isChanging) {
      return;
    }
    // Frameworks assign one property after the other: what is assigned together is one change.
    this.#isChanging = true;
    queueMicrotask(() => {
      this.#isChanging = false;
      if (this.#isInPage) {
        this.connectionChanged();
      }
    });
  }

  /** An element that comes back before everything is sent goes on with the client that it had. */
  async #closeWhileAway(): Promise<void> {
    const leaving = this.#own;
    if (leaving === null) {
      return;
    }
    await idle(leaving);
    if (!this.isConnected && this.#own === leaving) {
      this.#own = null;
      leaving.close();
    }
  }
}

/** Waits until nothing is under way, nor what was tried again meanwhile. */
async function idle(client: Windlass): Promise<void> {
  let waiting: readonly Upload[] = [];
  do {
    await Promise.allSettled(waiting.map(({ done }) => done));
    waiting = client.uploads.filter(({ ended }) => !ended);
  } while (waiting.length > 0);
}

/** Files under way are sent to their end, whatever happens to the element. */
async function closeWhenIdle(client: Windlass): Promise<void> {
  await idle(client);
  client.close();
}

/** Tells the page, in an event that crosses shadow roots. */
export function tell<Detail>(from: HTMLElement, type: string, detail: Detail): void {
  from.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
}

/**
 * Translates words in the one object that all parts of an element share; answers whether other ones are to be shown. Words
 * written in a template come again at every rendering. Their functions are others each time, which JSON leaves out:
 * those are asked from now on, and nothing is shown anew for them. `undefined` is no word: the English one is said.
 */
export function translate<Words extends object>(words: Words, english: Words, value: Partial<Words> | null | undefined): boolean {
  const before = JSON.stringify(words);
  const given = Object.fromEntries(Object.entries(value ?? {}).filter(([, word]) => word !== undefined));
  Object.assign(words, english, given);
  return JSON.stringify(words) !== before;
}
