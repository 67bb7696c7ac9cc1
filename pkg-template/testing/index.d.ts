import type { Reuse, TokenInput } from "../index.js";

/**
 * An authorization server in memory, with a `fetch` of its own: rotating refresh tokens, every {@link Reuse} policy, and every way
 * a refresh goes wrong. For the tests of an application that keeps its session with this library.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { fakeAuthorizationServer } from "oauth-refresher/testing";
 *
 * const server = fakeAuthorizationServer({ reuse: "never" });
 * const refresher = createRefresher({ ...server.options, tokens: server.login() });
 * server.next("lost-reply");
 * await refresher.refresh().catch((error) => console.log(error.code)); // outcome_unknown
 * console.log(server.requests.length); // 1
 * ```
 */
export function fakeAuthorizationServer(options?: FakeServerOptions): FakeAuthorizationServer;

/** How the server behaves. */
export interface FakeServerOptions {
  /** What happens to a refresh token that is seen twice. Default `"never"`: refused. */
  reuse?: Reuse;
  /** Whether a refused reuse revokes the whole session, as RFC 9700 §4.14.2 recommends. Default true. */
  revokeFamily?: boolean;
  /** Whether each refresh brings a new refresh token. Default true, unless `reuse` is `"always"`. */
  rotate?: boolean;
  /** `expires_in` of the access tokens. Default 3600; null leaves it out. */
  accessTokenSeconds?: number | null;
  /** Default `https://auth.test/token`. */
  token_endpoint?: string;
  /** Default `https://auth.test/revoke`. */
  revocation_endpoint?: string;
  /** The only client it knows. Default `test-client`. */
  client_id?: string;
  /** Its secret, in the body or by HTTP Basic. Default: a public client. */
  client_secret?: string;
  /** More members of each reply: `{ principal: "ada" }`. */
  extras?: Record<string, unknown>;
  /** Unix milliseconds. Default: `Date.now` at each use, so that fake timers work. */
  now?: () => number;
}

/**
 * What goes wrong with one request:
 *
 * - `unsent`: it never left. `lost-request`: it left, and never arrived.
 * - `lost-reply`: it was carried out, and the reply never arrived. `truncated`: half of the reply did.
 * - `500-before`, `500-after`: an error before or after it was carried out.
 * - `429`, `503`: refused, with `Retry-After`.
 * - `html`, `empty`, `huge`, `redirect`: a reply that is no token response; nothing was carried out.
 * - `invalid_client`, `invalid_grant`: that error.
 * - `nonce`: `use_dpop_nonce` with a `DPoP-Nonce`.
 * - `hang`: no reply until the request is aborted. `slow`: carried out at once, and the reply is late.
 */
export type Fault =
  | "unsent"
  | "lost-request"
  | "lost-reply"
  | "truncated"
  | "500-before"
  | "500-after"
  | "429"
  | "503"
  | "html"
  | "empty"
  | "huge"
  | "redirect"
  | "invalid_client"
  | "invalid_grant"
  | "nonce"
  | "hang"
  | "slow";

/** A fault, with how long it takes or asks for. Default 1 second for `Retry-After`, 0.1 for `slow`. */
export type FaultLike = Fault | { fault: Fault; seconds?: number };

/** What the server was asked, and what it answered. */
export interface FakeRequest {
  /** When it arrived, in Unix milliseconds. */
  at: number;
  method: string;
  url: string;
  headers: Record<string, string>;
  /** The body's parameters. */
  parameters: Record<string, string>;
  /** The n-th refresh token of its session; 0 for one that is not known. */
  refreshTokenNumber: number;
  fault?: Fault;
  /** The status that was sent, or 0 if no reply arrived. */
  status: number;
  error?: string;
}

/** A scripted authorization server. */
export interface FakeAuthorizationServer {
  /** Answers the token endpoint, the revocation endpoint, and any other https origin as a resource server would. */
  fetch: typeof globalThis.fetch;
  /** To spread into `createRefresher`: the endpoints, the client and `fetch`. */
  options: {
    token_endpoint: string;
    revocation_endpoint: string;
    client_id: string;
    client_secret?: string;
    reuse: Reuse;
    fetch: typeof globalThis.fetch;
  };
  token_endpoint: string;
  revocation_endpoint: string;
  client_id: string;
  /** A new session: the token endpoint's reply to a login. */
  login(): TokenInput & { access_token: string; refresh_token: string };
  /** What goes wrong with the next requests to the token endpoint, in this order; null: nothing. */
  next(...faults: (FaultLike | null)[]): void;
  /** What goes wrong with every request that `next` says nothing about; null: nothing. */
  always(fault: FaultLike | null): void;
  /** Ends every session: their tokens are refused. */
  revokeAll(): void;
  /** Refuses the access tokens that are out; the sessions go on. */
  rejectAccessTokens(): void;
  /** What the token endpoint was asked. */
  readonly requests: FakeRequest[];
  /** The refresh tokens that were revoked (RFC 7009). */
  readonly revoked: string[];
  /** Sessions that ended because a refresh token was used twice. */
  readonly revokedSessions: number;
}
