import type { Refresher } from "../index.js";

export { RefreshError } from "../index.js";
export type { DemandOptions, Refresher, RefresherEvents, TokenInput, TokenSet } from "../index.js";

/** The host of {@link connectRefresher}. The other end of a `MessagePort` must be passed to `serve` of `oauth-refresher/host`. */
export type Target = SharedWorker | Worker | ServiceWorkerRegistration | MessagePort;

/** How a page connects to its host. */
export interface ConnectOptions {
  /**
   * Creates a refresher in the page, with `createRefresher`, when there is no host: the browser has no such worker, a policy blocks it, its
   * script does not load, its protocol version differs, or it stopped answering and could not be restarted. Use the host's storage, so that
   * both share its lock. Default: calls reject with `engine_failed`, and the next call tries the host again.
   */
  fallback?: () => Refresher;
  /**
   * Where `refresher.fetch` runs. `"page"` (default): in the page, with the access token. `"host"`: in the host, so that the page needs no
   * access token; bodies are copied. With `dpop`, `isTokenRejected` or `fetch` in the host's options it always runs in the host.
   */
  fetchIn?: "page" | "host";
}

/**
 * A refresher whose work is done by `hostRefresher` in a worker. It has the interface of `createRefresher`, without the core, the storage and
 * the refresh token in the page. A valid access token is returned without a message to the host.
 *
 * Pass a function if the worker may have to be restarted: it is called once now, and once after the host stopped answering.
 *
 * @throws TypeError for an option that is unknown or of the wrong kind. A target that is none counts as a host that is not there.
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
