// @ts-check

/** Whether this is a visible page. */
export const isVisible = () => globalThis.document?.visibilityState == "visible";

/** Cloudflare Workers, where timers and I/O belong to the request that started them. */
export const isWorkerd = () => globalThis.navigator?.userAgent == "Cloudflare-Workers";

/**
 * Whether the session is refreshed in the background. `timer`: of the platform, which wakes a sleeping Durable Object.
 * @param {{ background: string, timer?: unknown }} options
 */
export const isWatched = ({ background, timer }) =>
  !(isWorkerd() && !timer) && (background == "always" || (background == "auto" && (!!timer || isVisible())));

/** On Workers: interval at which a waiting call checks whether the work it waits for still runs. */
const WORKER_BEAT_MS = 250;

/**
 * The answer to a call. workerd cancels a request that only waits for another request's work, which may itself have been cancelled. So
 * `beat` runs there while the call waits.
 * @template T @param {Promise<T>} answer @param {() => void} beat @returns {Promise<T>}
 */
export function kept(answer, beat) {
  if (!isWorkerd()) return answer;
  const beating = setInterval(beat, WORKER_BEAT_MS);
  return answer.finally(() => clearInterval(beating));
}

/**
 * Listens for a page that is active again: visible, restored from the back/forward cache, online, or thawed. Listens in the capture phase,
 * before the page's own listeners, which may request a token at once.
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
  // Every load fires pageshow. Only a page from the back/forward cache may have missed changes.
  on(globalThis, "pageshow", (event) => event.persisted && resumed());
  on(globalThis, "online", resumed);
  return () => stopped.abort();
}
