/** What the elements share: where the service is, and how to get a token for it. */
import { Windlass } from "../client.js";
import type { WindlassOptions } from "../options.js";
import { fromLink, tokenFromUrl, type TokenProvider } from "../token.js";

/** So that importing the classes on a server, where there is no DOM, is harmless. */
const Base = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * Attributes: `endpoint` (the page's own origin when absent), `project`, `token-url`. Properties of the
 * same names, and `token` (a function), `link` (an upload link, for customers without an account: it brings
 * its project) and `client` (a `Windlass` of your own) instead of them. A link is no attribute, so that the
 * secret is not in the page's markup.
 */
export abstract class WindlassElement extends Base {
  static readonly observedAttributes: readonly string[] = ["endpoint", "project", "token-url"];

  #token: TokenProvider | null = null;
  /** `null` where none was given; empty where a page was opened without the end of its address. */
  #link: string | null = null;
  #given: Windlass | null = null;
  #own: Windlass | null = null;
  /** Between entering the page, when all attributes and properties are known, and leaving it. */
  #isInPage = false;

  get endpoint(): string {
    return this.getAttribute("endpoint") ?? "/";
  }
  set endpoint(value: string) {
    this.setAttribute("endpoint", value);
  }

  get project(): string {
    return this.getAttribute("project") ?? "";
  }
  set project(value: string) {
    this.setAttribute("project", value);
  }

  /** An address of your own server that answers `{"token": "…"}`. */
  get tokenUrl(): string {
    return this.getAttribute("token-url") ?? "";
  }
  set tokenUrl(value: string) {
    this.setAttribute("token-url", value);
  }

  get token(): TokenProvider | null {
    return this.#token;
  }
  set token(value: TokenProvider | null) {
    this.#token = value;
    this.#reconnect();
  }

  /** The part after `#` of the address a customer was given. */
  get link(): string {
    return this.#link ?? "";
  }
  set link(value: string) {
    this.#link = value;
    this.#reconnect();
  }

  /** A client of your own, which the element uses and does not close. */
  get client(): Windlass | null {
    return this.#given ?? this.#own;
  }
  set client(value: Windlass | null) {
    this.#given = value;
    this.#reconnect();
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
    const leaving = this.#own;
    // Moving an element within the page disconnects it for a moment only.
    queueMicrotask(() => {
      if (!this.isConnected && leaving !== null && this.#own === leaving) {
        this.#own = null;
        closeWhenIdle(leaving);
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
        ? { project: this.project, token: this.#token ?? this.#tokenFromAttribute() }
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

  #tokenFromAttribute(): TokenProvider {
    return tokenFromUrl(new URL(this.tokenUrl, document.baseURI));
  }

  #reconnect(): void {
    if (this.#own !== null) {
      closeWhenIdle(this.#own);
      this.#own = null;
    }
    // An element that is upgraded in the page hears of its attributes one by one, before it hears that it is there.
    if (this.#isInPage) {
      this.connectionChanged();
    }
  }
}

/** Files under way are sent to their end, whatever happens to the element. */
function closeWhenIdle(client: Windlass): void {
  const waiting = client.uploads.filter((upload) => !upload.ended).map((upload) => upload.done);
  void Promise.allSettled(waiting).then(() => client.close());
}

/** Tells the page, in an event that crosses shadow roots. */
export function tell<Detail>(from: HTMLElement, type: string, detail: Detail): void {
  from.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
}

