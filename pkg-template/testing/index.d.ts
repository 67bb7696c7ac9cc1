import type { Reuse, TokenInput } from "../index.js";

/**
 * An authorization server in memory, with its own `fetch`: rotating refresh tokens, every {@link Reuse} policy, and every failure
 * of a refresh. For the tests of an application that uses this library.
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
  /** The reaction to a replayed refresh token. Default `"never"`: refused. */
  reuse?: Reuse;
  /** Whether a refused replay revokes the whole session, as RFC 9700 §4.14.2 recommends. Default true. */
  revokeFamily?: boolean;
  /** Whether each refresh returns a new refresh token. Default true, unless `reuse` is `"always"`. */
  rotate?: boolean;
  /** `expires_in` of the access tokens. Default 3600; null omits it. */
  accessTokenSeconds?: number | null;
  /** Default `https://auth.test/token`. */
  token_endpoint?: string;
  /** Default `https://auth.test/revoke`. */
  revocation_endpoint?: string;
  /** The only registered client. Default `test-client`. */
  client_id?: string;
  /** Its secret, in the body or by HTTP Basic. Default: a public client. */
  client_secret?: string;
  /** More members of each reply: `{ principal: "ada" }`. */
  extras?: Record<string, unknown>;
  /** Unix milliseconds. Default: `Date.now` at each use, so that fake timers work. */
  now?: () => number;
}

/**
 * The failure of one request:
 *
 * - `unsent`: it was not sent. `lost-request`: it was sent and never arrived.
 * - `lost-reply`: it was processed, and the reply was lost. `truncated`: half of the reply arrived.
 * - `500-before`, `500-after`: an error before or after it was processed.
 * - `429`, `503`: refused, with `Retry-After`.
 * - `html`, `empty`, `huge`, `redirect`: not a token response; the request was not processed.
 * - `invalid_client`, `invalid_grant`: that error.
 * - `nonce`: `use_dpop_nonce` with a `DPoP-Nonce`.
 * - `hang`: no reply until the request is aborted. `slow`: processed at once, and the reply is late.
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

/** A fault with its duration, or its `Retry-After`. Default 1 second for `Retry-After`, 0.1 for `slow`. */
export type FaultLike = Fault | { fault: Fault; seconds?: number };

/** A request and its reply. */
export interface FakeRequest {
  /** When it arrived, in Unix milliseconds. */
  at: number;
  /** `POST` for a token request. */
  method: string;
  /** The endpoint it came to. */
  url: string;
  /** By lower-case name. */
  headers: Record<string, string>;
  /** The body's parameters. */
  parameters: Record<string, string>;
  /** The number of the refresh token within its session, from 1; 0 for an unknown one. */
  refreshTokenNumber: number;
  /** The fault that it met. */
  fault?: Fault;
  /** The status of the reply, or 0 if no reply arrived. */
  status: number;
  /** The OAuth error code of the reply. */
  error?: string;
}

/** A scripted authorization server. */
export interface FakeAuthorizationServer {
  /** Answers the token endpoint, the revocation endpoint, and any other https origin as a resource server. */
  fetch: typeof globalThis.fetch;
  /** Options for `createRefresher`: the endpoints, the client and `fetch`. */
  options: {
    token_endpoint: string;
    revocation_endpoint: string;
    client_id: string;
    client_secret?: string;
    reuse: Reuse;
    fetch: typeof globalThis.fetch;
  };
  /** As in the options. */
  token_endpoint: string;
  /** As in the options. */
  revocation_endpoint: string;
  /** As in the options. */
  client_id: string;
  /** A new session: the token endpoint's reply to a login. */
  login(): TokenInput & { access_token: string; refresh_token: string };
  /** The faults of the next requests to the token endpoint, in this order; null: no fault. */
  next(...faults: (FaultLike | null)[]): void;
  /** The fault of every request without a fault of `next`; null: no fault. */
  always(fault: FaultLike | null): void;
  /** Ends every session: their tokens are refused. */
  revokeAll(): void;
  /** Refuses all issued access tokens; the sessions continue. */
  rejectAccessTokens(): void;
  /** The requests to the token endpoint. */
  readonly requests: FakeRequest[];
  /** The refresh tokens that were revoked (RFC 7009). */
  readonly revoked: string[];
  /** Sessions that ended because a refresh token was used twice. */
  readonly revokedSessions: number;
}
