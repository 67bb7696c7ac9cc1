// @ts-check
// How messages travel to each kind of host, and come back.

/** @import { Target } from "./index.js" */

/** @typedef {{ post: (message: object, transfer: Transferable[]) => void, stop: () => void }} Transport */

/**
 * @param {Target} target @param {(message: any) => void} heard
 * @param {() => void} broken  The script cannot be loaded, a policy blocks it, or it threw. @param {() => void} gone  The other end ended.
 * @returns {Transport}
 */
export function carry(target, heard, broken, gone) {
  /** @param {any} event */
  const listener = ({ data }) => data?.["oauth-refresher"] && heard(data);
  if ("active" in target) {
    // A service worker answers through the container, whether or not it controls the page.
    const { serviceWorker } = navigator;
    serviceWorker.addEventListener("message", listener);
    serviceWorker.startMessages();
    return {
      // A worker that was replaced after a deployment is another object.
      post: (message, transfer) =>
        (target.active ?? target.waiting ?? target.installing)?.postMessage(message, transfer),
      stop: () => serviceWorker.removeEventListener("message", listener),
    };
  }
  const port = /** @type {MessagePort} */ ("port" in target ? target.port : target);
  port.addEventListener("message", listener);
  port.start?.();
  // Chromium's word for a SharedWorker whose process crashed. Elsewhere missed beats tell.
  port.addEventListener("close", gone);
  target.addEventListener("error", broken);
  return {
    post: (message, transfer) => port.postMessage(message, transfer),
    stop() {
      port.removeEventListener("message", listener);
      port.removeEventListener("close", gone);
      target.removeEventListener("error", broken);
    },
  };
}
