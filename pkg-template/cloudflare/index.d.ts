import { DurableObject } from "cloudflare:workers";
import type {
  Awaitable,
  DemandOptions,
  RefresherOptions,
  TokenInput,
  TokenSet,
  TokenStorage,
} from "../index.js";

/**
 * A Durable Object for one session. Its storage contains the record, its single thread is the lock, and its alarm refreshes ahead of expiry
 * and keeps an idle session alive, even if the object is not in memory.
 *
 * Extend it, implement `options`, and bind it in `wrangler.jsonc` with `new_sqlite_classes`. Its methods are called over RPC and return
 * access tokens; refresh tokens never leave the object. `options` and `tokenChanged` cannot be called over RPC. All other methods of your
 * class can, so write internal ones as `#name`.
 *
 * A caller that can choose the object's name gets its tokens. So take the name from a verified session, never from a path, query or header.
 *
 * @example
 * ```ts
 * import { TokenVault } from "oauth-refresher/cloudflare";
 *
 * interface Env {
 *   VAULT: DurableObjectNamespace<Vault>;
 *   CLIENT_SECRET: string;
 *   COOKIE_KEY: string;
 * }
 *
 * export class Vault extends TokenVault<Env> {
 *   override options(env: Env) {
 *     return {
 *       token_endpoint: "https://auth.example/token",
 *       client_id: "my-worker",
 *       client_secret: env.CLIENT_SECRET,
 *     };
 *   }
 * }
 *
 * export default {
 *   async fetch(request: Request, env: Env): Promise<Response> {
 *     const user = await signedIn(request, env);
 *     if (!user) return new Response("sign in first", { status: 401 });
 *     const access_token = await env.VAULT.getByName(user).getAccessToken();
 *     return fetch("https://api.example/me", { headers: { authorization: `Bearer ${access_token}` } });
 *   },
 * };
 *
 * // The cookie that the login set: `session=USER.SIGNATURE`, HMAC-SHA-256 under a secret of the Worker.
 * async function signedIn(request: Request, env: Env): Promise<string | undefined> {
 *   const [, user, signature] = /(?:^|; )session=([\w-]+)\.([\da-f]{64})(?:;|$)/.exec(request.headers.get("cookie") ?? "") ?? [];
 *   if (!user || !signature) return undefined;
 *   const encoder = new TextEncoder();
 *   const algorithm = { name: "HMAC", hash: "SHA-256" };
 *   const key = await crypto.subtle.importKey("raw", encoder.encode(env.COOKIE_KEY), algorithm, false, ["verify"]);
 *   const bytes = Uint8Array.from(signature.match(/../g) ?? [], (hex) => parseInt(hex, 16));
 *   return (await crypto.subtle.verify("HMAC", key, bytes, encoder.encode(user))) ? user : undefined;
 * }
 * ```
 */
export class TokenVault<Env = unknown> extends DurableObject<Env> {
  /**
   * The options of this session. `name` is the object's name (`idFromName`, `getByName`), if it has one. With `background: "never"`, the
   * token is refreshed only when it is requested; otherwise the alarm refreshes it ahead of expiry.
   */
  options(env: Env, name: string | undefined): RefresherOptions;
  /** Called after changed tokens are stored; null: there are none now. An error that it throws is only logged. */
  tokenChanged?(tokens: TokenSet | null, source: string): Awaitable<void>;

  /** {@link Refresher.getAccessToken} in the object. */
  getAccessToken(options?: DemandOptions): Promise<string>;
  /** {@link Refresher.getTokens} in the object. */
  getTokens(options?: DemandOptions): Promise<TokenSet>;
  /** {@link Refresher.refresh} in the object. */
  refresh(): Promise<TokenSet>;
  /** {@link Refresher.setTokens} in the object. */
  setTokens(tokens: TokenInput): Promise<TokenSet>;
  /** {@link Refresher.signOut} in the object. */
  signOut(options?: { revoke?: boolean }): Promise<void>;

  /**
   * `stub.fetch(…)` is `refresher.fetch(…)` in the object, for the `origins` of the options. The access token does not leave the object, but
   * all requests go through its single thread.
   */
  override fetch(request: Request): Promise<Response>;

  /** Called by the platform. A class with its own `alarm` must call it. */
  override alarm(): Promise<void>;
}

/**
 * The storage of a Durable Object (SQLite-backed or not) as a session's storage, for an object that is not a `TokenVault`. Nothing wakes
 * such an object, so tokens are refreshed only when they are requested.
 */
export function durableObjectStorage(storage: DurableObjectStorage): TokenStorage;
