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
 * A Durable Object that keeps one session: its storage holds the record, its single thread is the lock, and its alarm refreshes
 * ahead of need and keeps an idle session alive, whether or not the object is in memory.
 *
 * Extend it, say how to refresh, and bind it in `wrangler.jsonc` with `new_sqlite_classes`. Its methods are called over RPC: tokens
 * go to the caller, refresh tokens never leave the object. `options` and `tokenChanged` cannot be called over RPC. Every other method
 * that your class has can: write `#name` for what is the object's alone.
 *
 * Who may name an object has its tokens. So the name comes from a session that the Worker verified, never from a path, a query or a header.
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
   * How to refresh this session. `name` is what the object was asked for by (`idFromName`, `getByName`), if it was. `background`:
   * `"never"` refreshes only when a token is asked for; otherwise the alarm refreshes ahead of expiry.
   */
  options(env: Env, name: string | undefined): RefresherOptions;
  /** Called after the change is stored: there are other tokens now, or none. An error that it throws is logged and has no other effect. */
  tokenChanged?(tokens: TokenSet | null, source: string): Awaitable<void>;

  /** As {@link Refresher.getAccessToken}, in the object. */
  getAccessToken(options?: DemandOptions): Promise<string>;
  /** As {@link Refresher.getTokens}, in the object. */
  getTokens(options?: DemandOptions): Promise<TokenSet>;
  /** As {@link Refresher.refresh}, in the object. */
  refresh(): Promise<TokenSet>;
  /** As {@link Refresher.setTokens}, in the object. */
  setTokens(tokens: TokenInput): Promise<TokenSet>;
  /** As {@link Refresher.signOut}, in the object. */
  signOut(options?: { revoke?: boolean }): Promise<void>;

  /**
   * `stub.fetch(…)` is `refresher.fetch(…)` in the object: to the `origins` of the options, with the token attached. Not even the access
   * token leaves the object then; but all that is sent goes through its one thread.
   */
  override fetch(request: Request): Promise<Response>;

  /** The platform's. A class with an alarm of its own must call it. */
  override alarm(): Promise<void>;
}

/**
 * The storage of a Durable Object (SQLite-backed or not) as the storage of a session, for an object that is more than a vault. Without
 * `TokenVault` nothing wakes the object: refresh when it is asked.
 */
export function durableObjectStorage(storage: DurableObjectStorage): TokenStorage;
