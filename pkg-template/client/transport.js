// @ts-check
// Sends and receives messages, for each kind of host.

/** @import { Target } from "./index.js" */

/** @typedef {{ post: (message: object) => void, stop: () => void }} Transport */

/**
 * @param {Target} target @param {(message: any) => void} heard
 * @param {() => void} broken  Called if the script cannot be loaded, a policy blocks it, or it threw. @param {() => void} gone  Called if the other end is gone.
 * @returns {Transport}
 */
export function carry(target, heard, broken, gone) {
  if (!target?.addEventListener)
    throw new TypeError("no host: write a Worker, SharedWorker, ServiceWorkerRegistration or MessagePort");
  const stopped = new AbortController();
  /** @param {EventTarget} to @param {string} type @param {(event: any) => void} listener */
  const on = (to, type, listener) => to.addEventListener(type, listener, stopped);
  /** A service worker answers through the container, even if it does not control the page. @type {any} */
  const port = "active" in target ? navigator.serviceWorker : "port" in target ? target.port : target;
  on(port, "message", ({ data }) => data?.["oauth-refresher"] && heard(data));
  port.startMessages?.();
  port.start?.();
  // Chromium fires this for a SharedWorker whose process crashed. Elsewhere, missed heartbeats detect it.
  on(port, "close", gone);
  on(target, "error", broken);
  return {
    // After a deployment, the service worker is another object.
    post: (message) =>
      ("active" in target ? (target.active ?? target.waiting ?? target.installing) : port)?.postMessage(
        message,
      ),
    stop: () => stopped.abort(),
  };
}
