import type { Refresher, RefresherOptions } from "../index.js";

export { RefreshError } from "../index.js";
export type { Refresher, RefresherOptions } from "../index.js";

/**
 * Creates a refresher in a SharedWorker, a dedicated worker or a service worker, for pages that connect by `connectRefresher` of
 * `oauth-refresher/client`. A refresh continues when the calling page reloads or closes: in a SharedWorker while another page of the origin
 * is open, in a service worker as long as the browser lets a request finish. The refresh token never leaves the worker.
 *
 * Call it synchronously when the worker's script starts. It adds listeners for `connect` or `message`, beside the application's own. Use
 * `indexedDbStorage`, because a worker has no Web Storage.
 *
 * @throws TypeError for wrong options, as `createRefresher` does.
 *
 * @example
 * ```ts
 * import { hostRefresher } from "oauth-refresher/host";
 * import { indexedDbStorage } from "oauth-refresher/storage";
 *
 * hostRefresher({
 *   token_endpoint: "https://auth.example/token",
 *   client_id: "my-app",
 *   storage: indexedDbStorage("session"),
 * });
 * ```
 */
export function hostRefresher(options: RefresherOptions): Refresher;

/** Serves a page on a port that the application passed to the host. `refresher` comes from `hostRefresher`. */
export function serve(refresher: Refresher, port: MessagePort | Worker): void;
