import type { Refresher, RefresherOptions } from "../index.js";

export { RefreshError } from "../index.js";
export type { Refresher, RefresherOptions } from "../index.js";

/**
 * Makes a refresher in a SharedWorker, a dedicated worker or a service worker, and answers the pages that connect with `connectRefresher` of
 * `oauth-refresher/client`. A refresh goes on when the page that asked for it reloads or closes: in a SharedWorker while another page of the
 * origin lives, in a service worker as long as the browser lets a request finish. The refresh token never leaves the worker.
 *
 * Call it while the worker's script runs for the first time. It adds listeners for `connect` or `message` and leaves the application's own alone.
 * Use `indexedDbStorage`: a worker has no Web Storage.
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

/** Answers a page on a port that the application carries to the host by itself. `refresher` is one of `hostRefresher`. */
export function serve(refresher: Refresher, port: MessagePort | Worker): void;
