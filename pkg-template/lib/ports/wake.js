// @ts-check

/** Whether there is a window that can be visible. */
export const isVisible = () => globalThis.document?.visibilityState == "visible";

/** Cloudflare Workers: timers and I/O belong to the request that began them. */
export const isWorkerd = () => globalThis.navigator?.userAgent == "Cloudflare-Workers";

/**
 * Listens for a page that comes back: shown again, out of the back/forward cache, online, thawed. Before the page's own listeners
 * do: they may ask for a token at once.
 * @param {() => void} resumed @param {() => void} hidden
 * @returns {() => void} stops listening
 */
export function pageWakes(resumed, hidden) {
  const { document } = globalThis;
  const seen = () => (isVisible() ? resumed() : hidden());
  /** @type {[EventTarget | undefined, string, () => void][]} */
  const heard = [
    [document, "visibilitychange", seen],
    [document, "resume", resumed],
    [document && globalThis, "pageshow", resumed],
    [document && globalThis, "online", resumed],
  ];
  for (const [target, type, listener] of heard) target?.addEventListener(type, listener, true);
  return () => {
    for (const [target, type, listener] of heard) target?.removeEventListener(type, listener, true);
  };
}
