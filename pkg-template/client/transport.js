// @ts-check
// How messages travel to each kind of host, and come back.

/** @import { Target } from "./index.js" */

/** @typedef {{ post: (message: object) => void, stop: () => void }} Transport */

/**
 * @param {Target} target @param {(message: any) => void} heard
 * @param {() => void} broken  The script cannot be loaded, a policy blocks it, or it threw. @param {() => void} gone  The other end ended.
 * @returns {Transport}
 */
export function carry(target, heard, broken, gone) {
  const stopped = new AbortController();
  /** @param {EventTarget} to @param {string} type @param {(event: any) => void} listener */
  const on = (to, type, listener) => to.addEventListener(type, listener, stopped);
  /** A service worker answers through the container, whether or not it controls the page. @type {any} */
  const port = "active" in target ? navigator.serviceWorker : "port" in target ? target.port : target;
  on(port, "message", ({ data }) => data?.["oauth-refresher"] && heard(data));
  port.startMessages?.();
  port.start?.();
  // Chromium's word for a SharedWorker whose process crashed. Elsewhere missed beats tell.
  on(port, "close", gone);
  on(target, "error", broken);
  return {
    // A service worker that was replaced after a deployment is another object.
    post: (message) =>
      ("active" in target ? (target.active ?? target.waiting ?? target.installing) : port)?.postMessage(
        message,
      ),
    stop: () => stopped.abort(),
  };
}
