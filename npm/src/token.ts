/** The application's token, asked for once however many need it, and held in memory only. */
import { toWindlassError, WindlassError } from "./errors.js";
import { Silence } from "./silence.js";

export type TokenProvider = () => string | Promise<string>;

/** So long an application is waited for, in milliseconds: a person may have to sign in. The engine waits as long. */
const TOKEN_MOST_MS = 30_000;
/** An address is given up before that, so that the error names it. */
const ADDRESS_MOST_MS = 25_000;

export class TokenSource {
  readonly #provider: TokenProvider;
  readonly #onToken: (token: string) => void;
  #held: string | null = null;
  #pending: Promise<string> | null = null;
  /** Tells whoever waits. */
  #answer: (token: string) => void = () => undefined;
  /** How often the application was asked. */
  #asked = 0;
  /** Which of these questions brought the latest token. */
  #answered = 0;

  /** `onToken` hears of every new one. */
  constructor(provider: TokenProvider, onToken: (token: string) => void = () => undefined) {
    this.#provider = provider;
    this.#onToken = onToken;
  }

  /** The token at hand, or a new one where there is none. */
  get(): Promise<string> {
    return this.#held === null ? this.renew() : Promise.resolve(this.#held);
  }

  /** Another one than that which was refused: who was refused the same one before may have had it replaced already. */
  insteadOf(refused: string): Promise<string> {
    return this.#held === refused ? this.renew() : this.get();
  }

  /**
   * A new token. Single flight: who asks while the application is being asked gets the same answer. An application
   * that says nothing is given up, and asked anew by whoever needs a token next.
   */
  renew(): Promise<string> {
    this.#pending ??= this.#inTime().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #inTime(): Promise<string> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    try {
      return await new Promise<string>((resolve, reject) => {
        timer = setTimeout(() => reject(lateError()), TOKEN_MOST_MS);
        this.#answer = resolve;
        this.#ask().catch(reject);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async #ask(): Promise<void> {
    this.#asked += 1;
    const question = this.#asked;
    this.#held = null;
    let token: unknown;
    try {
      token = await this.#provider();
    } catch (thrown) {
      const { message } = toWindlassError(thrown);
      throw new WindlassError("token_unavailable", `The application gave no access token: ${message}`, {
        retryable: true,
        cause: thrown,
      });
    }
    if (typeof token !== "string" || token === "") {
      throw new WindlassError("token_unavailable", "The token function gave no token. It must return a non-empty string.");
    }
    if (!fitsHeader(token)) {
      const what = "The token function gave a text that no request can carry: it has line breaks or other characters that no token has.";
      throw new WindlassError("token_unavailable", what);
    }
    // One that was given up may be answered after all, as when a person has signed in: it counts unless a later one was.
    if (question > this.#answered) {
      this.#answered = question;
      this.#held = token;
      this.#answer(token);
      this.#onToken(token);
    }
  }
}

/** Browsers throw where it does not, and the upload worker would not survive that. */
function fitsHeader(token: string): boolean {
  try {
    return new Headers({ authorization: `Bearer ${token}` }).has("authorization");
  } catch {
    return false;
  }
}

function lateError(): WindlassError {
  return new WindlassError("token_unavailable", "The application gave no access token in time.", { retryable: true });
}

/** How an upload link begins. */
const LINK = /^wlk_[A-Za-z0-9_-]{43}\.(.+)$/;

/**
 * What a client needs of an upload link, the part after `#` of the address a customer was given:
 * `new Windlass({ endpoint, ...fromLink(location.hash.slice(1)) })`.
 */
export function fromLink(link: string): { project: string; token: TokenProvider } {
  const project = LINK.exec(link)?.[1];
  if (project === undefined) {
    throw new WindlassError("invalid_options", "This link is not whole. Open it again from the message you were sent.");
  }
  return { project, token: () => link };
}

/** A provider that fetches `{"token": "…"}` from the application's own server, with its cookies. */
export function tokenFromUrl(url: string | URL): TokenProvider {
  return async () => {
    const { ok, status, text } = await answerOf(url);
    if (!ok) {
      const question = status === 401 || status === 403 ? ": is the user signed in?" : "";
      throw new WindlassError("token_unavailable", `${url} answered with status ${status}${question}`, { retryable: status >= 500 });
    }
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch {
      throw new WindlassError("token_unavailable", `${url} answered something that is not JSON: is the user signed in?`);
    }
    const token = typeof body === "object" && body !== null ? (body as { token?: unknown }).token : undefined;
    if (typeof token !== "string") {
      throw new WindlassError("token_unavailable", `${url} answered without a token: it must answer {"token": "<JWT>"}`);
    }
    return token;
  };
}

async function answerOf(url: string | URL): Promise<{ ok: boolean; status: number; text: string }> {
  const silence = new Silence(ADDRESS_MOST_MS);
  try {
    const { signal } = silence;
    const answer = await fetch(url, { credentials: "same-origin", headers: { accept: "application/json" }, cache: "no-store", signal });
    return { ok: answer.ok, status: answer.status, text: await answer.text() };
  } catch (cause) {
    throw new WindlassError("token_unavailable", `${url} does not answer`, { retryable: true, cause });
  } finally {
    silence.end();
  }
}
