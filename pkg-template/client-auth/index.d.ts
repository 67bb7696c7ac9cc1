import type { ClientAuth, Value } from "../index.js";

export type { ClientAuth } from "../index.js";

/**
 * `private_key_jwt` (OpenID Connect Core §9, RFC 7523): each request carries an assertion that this key signed. For the option
 * `clientAuth` of `createRefresher`.
 *
 * The key's own algorithm says which one is used: ES256, ES384, ES512, EdDSA (Ed25519), or RS256 and PS256 (and their longer hashes)
 * with at least 2048 bits. It need not be extractable, and best is not.
 *
 * An assertion is meant for one server: its `aud` is the option `issuer`, as one string, and never the token endpoint's address. Each
 * has a `jti` of its own, also when a request is repeated, and runs out after `lifetimeSeconds`. If the server refuses one
 * (`invalid_client`) and its `Date` shows that our clock is wrong, a second one is made by the server's clock.
 *
 * @throws TypeError for a key that cannot sign, or an option that is unknown or of the wrong type; `createRefresher` throws it where
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
 * `client_secret_jwt` (OpenID Connect Core §9): like {@link privateKeyJwt}, with an HMAC by the client secret. The secret may be a
 * function, which is asked for each assertion, and once more after `invalid_client`.
 */
export function clientSecretJwt(
  secret: Value,
  options?: AssertionOptions & {
    /** Default `HS256`. */
    alg?: "HS256" | "HS384" | "HS512" | undefined;
  },
): ClientAuth;

/**
 * Mutual TLS (RFC 8705): the request carries the `client_id` and nothing else, and the connection shows the certificate. That is the
 * option `fetch`'s business; the platform's own can do it in no browser. Where the endpoints come from the `issuer`'s metadata, its
 * `mtls_endpoint_aliases` are preferred (§5).
 *
 * For certificate-bound tokens (§3) of a client that authenticates by an assertion, give that `clientAuth` as the argument.
 *
 * @throws TypeError from `createRefresher` where `client_id` is missing, or a page gave no `fetch`.
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

/** What assertions say. The defaults are what the standards want; the rest is for servers that are older, or of their own mind. */
export interface AssertionOptions {
  /** The `aud`. Default: the option `issuer`, as one string. Revolut wants `https://revolut.com`; some want the token endpoint's URL. */
  audience?: string | string[] | undefined;
  /** Further claims, or others in place of `iss`, `iat` and, where no `client_id` is given, `sub`. */
  claims?: Record<string, unknown> | undefined;
  /** Which key it was, in the header. */
  kid?: string | undefined;
  /** How long after it was made an assertion runs out (`exp`). Default 60. */
  lifetimeSeconds?: number | undefined;
  /** The header's `typ`. Default `client-authentication+jwt`; null leaves it out. */
  typ?: string | null | undefined;
}

/** WebCrypto's CryptoKey, under a name that does not depend on the platform's types. */
export type SigningKey = Parameters<typeof crypto.subtle.sign>[1];
