import type { Refresher } from "../index.js";

export { RefreshError } from "../index.js";
export type { DemandOptions, Refresher, RefresherEvents, TokenInput, TokenSet } from "../index.js";

/** Where the host of {@link connectRefresher} is. A `MessagePort` is one whose other end was given to `serve` of `oauth-refresher/host`. */
export type Target = SharedWorker | Worker | ServiceWorkerRegistration | MessagePort;

/** How a page connects to its host. */
export interface ConnectOptions {
  /**
   * Makes a refresher in the page, with `createRefresher`, when there is no host: the browser has no such worker, a policy blocks it, its
   * script does not load, it speaks another version, or it went silent and could not be started again. Give it the host's storage: both
   * obey the same locks. Default: calls reject with `engine_failed`, and the next call tries the host again.
   */
  fallback?: () => Refresher;
  /**
   * Where `refresher.fetch` runs. `"page"` (default): here, with the access token. `"host"`: there, so that no access token is needed in
   * the page; bodies are copied. With `dpop`, `isTokenRejected` or `fetch` in the host's options it always runs in the host.
   */
  fetchIn?: "page" | "host";
}

/**
 * A refresher whose work is done by `hostRefresher` in a worker: the same interface as `createRefresher`, without the core, the storage and
 * the refresh token in the page. A fresh access token is answered here, without a message.
 *
 * Give a function where the worker may have to be started again: it is called once now, and once after the host went silent.
 *
 * @example
 * ```ts
 * import { connectRefresher } from "oauth-refresher/client";
 *
 * const refresher = connectRefresher(
 *   () => new SharedWorker(new URL("./session.js", import.meta.url), { type: "module" }),
 * );
 * const access_token = await refresher.getAccessToken();
 * console.log(access_token.length);
 * ```
 */
export function connectRefresher(target: Target | (() => Target), options?: ConnectOptions): Refresher;
