import type { ClientAuth, Value } from "../index.js";

export type { ClientAuth } from "../index.js";

/**
 * `private_key_jwt` (OpenID Connect Core §9, RFC 7523): each request contains an assertion signed by this key. For the option
 * `clientAuth` of `createRefresher`.
 *
 * The key's algorithm selects ES256, ES384, ES512, EdDSA (Ed25519), or RS256 and PS256 (and their longer hashes) with at least 2048
 * bits. The key need not be extractable, and preferably is not.
 *
 * An assertion is for one server: its `aud` is the option `issuer`, as one string, and never the token endpoint's URL. Each has its own
 * `jti`, also in a retry, and expires after `lifetimeSeconds`. If the server refuses one (`invalid_client`) and its `Date` shows a clock
 * skew, a second one is made by the server's clock.
 *
 * @throws TypeError for a key that cannot sign, or an option that is unknown or of the wrong type. `createRefresher` throws it if
 *   `client_id` or `issuer` is missing.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { privateKeyJwt } from "oauth-refresher/client-auth";
 *
 * const jwk = { kty: "EC", crv: "P-256", d: "…", x: "…", y: "…" };
 * const key = await crypto.subtle.importKey("jwk", jwk, { name: "ECDSA", namedCurve: "P-256" }, false, ["sign"]);
 * const refresher = createRefresher({
 *   issuer: "https://auth.example",
 *   client_id: "my-service",
 *   clientAuth: privateKeyJwt(key, { kid: "2026-11" }),
 *   tokens: { refresh_token: "…" },
 * });
 * ```
 */
export function privateKeyJwt(
  key: SigningKey,
  options?: AssertionOptions & { alg?: string | undefined },
): ClientAuth;

/**
 * `client_secret_jwt` (OpenID Connect Core §9): like {@link privateKeyJwt}, with an HMAC of the client secret. The secret may be a
 * function; it is called for each assertion, and once more after `invalid_client`. It is at least as long as the hash of `alg`: 32 bytes
 * for HS256 (RFC 7518 §3.2).
 *
 * @throws TypeError for a shorter secret, or an option that is unknown or of the wrong type. A function that gives a shorter one makes the
 *   refresh fail as `client_rejected`, with the reason in `error_description`.
 */
export function clientSecretJwt(
  secret: Value,
  options?: AssertionOptions & {
    /** Default `HS256`. */
    alg?: "HS256" | "HS384" | "HS512" | undefined;
  },
): ClientAuth;

/**
 * Mutual TLS (RFC 8705): the request contains only the `client_id`, and the connection presents the certificate. The option `fetch` must
 * do that; in browsers the platform's fetch cannot. If the endpoints come from the metadata of the `issuer`, its
 * `mtls_endpoint_aliases` are preferred (§5).
 *
 * For certificate-bound tokens (§3) of a client that authenticates by an assertion, pass that `clientAuth` as the argument.
 *
 * @throws TypeError from `createRefresher` if `client_id` is missing, or in a page without the option `fetch`.
 *
 * @example
 * ```ts
 * import { readFileSync } from "node:fs";
 * import { createRefresher } from "oauth-refresher";
 * import { mutualTls } from "oauth-refresher/client-auth";
 * import { Agent, fetch } from "undici";
 *
 * const dispatcher = new Agent({ connect: { cert: readFileSync("client.crt"), key: readFileSync("client.key") } });
 * const certified = (url: string, init: object) => fetch(url, { ...init, dispatcher });
 * const refresher = createRefresher({
 *   issuer: "https://auth.example",
 *   client_id: "my-service",
 *   clientAuth: mutualTls(),
 *   fetch: certified as unknown as typeof globalThis.fetch,
 *   tokens: { refresh_token: "…" },
 * });
 * ```
 */
export function mutualTls(clientAuth?: ClientAuth): ClientAuth;

/** The contents of assertions. The defaults follow the standards; other values are for servers that differ from them. */
export interface AssertionOptions {
  /** The `aud`. Default: the option `issuer`, as one string. Revolut: `https://revolut.com`; some servers: the token endpoint's URL. */
  audience?: string | string[] | undefined;
  /** Further claims, or replacements of `iss`, `iat` and, without a `client_id`, `sub`. */
  claims?: Record<string, unknown> | undefined;
  /** The key's id, in the header. */
  kid?: string | undefined;
  /** The lifetime of an assertion (`exp`). Default 60. */
  lifetimeSeconds?: number | undefined;
  /** The header's `typ`. Default `client-authentication+jwt`; null omits it. */
  typ?: string | null | undefined;
  /** Null omits the `jti`, for servers that refuse claims they do not know. Default: a new one in each assertion. */
  jti?: null | undefined;
}

/** WebCrypto's CryptoKey, under a name that does not depend on the platform's types. */
export type SigningKey = Parameters<typeof crypto.subtle.sign>[1];
