/** Seconds, by the clock that a scenario may have set. */
export const now = () => Math.floor(Date.now() / 1000);

/** Libraries that keep `fetch` when they are made get what is global when they call. */
export const globalFetch = (...request) => globalThis.fetch(...request);
