/** The application's token, asked for once however many need it, and held in memory only. */
import { toWindlassError, WindlassError } from "./errors.js";

export type TokenProvider = () => string | Promise<string>;

export class TokenSource {
  readonly #provider: TokenProvider;
  readonly #onToken: (token: string) => void;
  #held: string | null = null;
  #pending: Promise<string> | null = null;

  /** `onToken` hears of every new one. */
  constructor(provider: TokenProvider, onToken: (token: string) => void = () => undefined) {
    this.#provider = provider;
    this.#onToken = onToken;
  }

  /** The token at hand, or a new one where there is none. */
  get(): Promise<string> {
    return this.#held === null ? this.renew() : Promise.resolve(this.#held);
  }

  /** A new token. Single flight: who asks while the application is being asked gets the same answer. */
  renew(): Promise<string> {
    this.#pending ??= this.#ask().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  async #ask(): Promise<string> {
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
    this.#held = token;
    this.#onToken(token);
    return token;
  }
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
    const asked = fetch(url, { credentials: "same-origin", headers: { accept: "application/json" }, cache: "no-store" });
    const answer = await asked.catch((thrown: unknown) => {
      throw new WindlassError("token_unavailable", `${url} does not answer`, { retryable: true, cause: thrown });
    });
    if (!answer.ok) {
      throw new WindlassError("token_unavailable", `${url} answered with status ${answer.status}`, {
        retryable: answer.status >= 500,
      });
    }
    const body: unknown = await answer.json().catch(() => {
      throw new WindlassError("token_unavailable", `${url} answered something that is not JSON: is the user signed in?`);
    });
    const token = typeof body === "object" && body !== null ? (body as { token?: unknown }).token : undefined;
    if (typeof token !== "string") {
      throw new WindlassError("token_unavailable", `${url} answered without a token: it must answer {"token": "<JWT>"}`);
    }
    return token;
  };
}
