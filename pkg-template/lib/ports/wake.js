// @ts-check

/** Whether there is a window that can be visible. */
export const isVisible = () => globalThis.document?.visibilityState == "visible";

/** Cloudflare Workers: timers and I/O belong to the request that began them. */
export const isWorkerd = () => globalThis.navigator?.userAgent == "Cloudflare-Workers";

/**
 * Whether there is something here for which a session is refreshed ahead of need. `timer`: of the place, which wakes what sleeps.
 * @param {{ background: string, timer?: unknown }} options
 */
export const isWatched = ({ background, timer }) =>
  !(isWorkerd() && !timer) && (background == "always" || (background == "auto" && (!!timer || isVisible())));

/** On Workers a waiting call asks this often whether the work that it waits for still runs. */
const WORKER_BEAT_MS = 250;

/**
 * The answer to a call. workerd cancels a request that waits only for the work of another request, which may have been cancelled
 * itself: there `beat` runs as long as the call waits.
 * @template T @param {Promise<T>} answer @param {() => void} beat @returns {Promise<T>}
 */
export function kept(answer, beat) {
  if (!isWorkerd()) return answer;
  const beating = setInterval(beat, WORKER_BEAT_MS);
  return answer.finally(() => clearInterval(beating));
}

/**
 * Listens for a page that comes back: shown again, out of the back/forward cache, online, thawed. Before the page's own listeners
 * do: they may ask for a token at once.
 * @param {() => void} resumed @param {() => void} hidden
 * @returns {() => void} stops listening
 */
export function pageWakes(resumed, hidden) {
  const stopped = new AbortController();
  /** @param {EventTarget} target @param {string} type @param {(event: any) => void} listener */
  const on = (target, type, listener) =>
    target.addEventListener(type, listener, { capture: true, signal: stopped.signal });
  on(document, "visibilitychange", () => (isVisible() ? resumed() : hidden()));
  on(document, "resume", resumed);
  // every load ends with one; only a page out of the back/forward cache may have missed anything
  on(globalThis, "pageshow", (event) => event.persisted && resumed());
  on(globalThis, "online", resumed);
  return () => stopped.abort();
}
