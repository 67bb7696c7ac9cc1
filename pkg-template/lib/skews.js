// @ts-check

/** More than the skew of two clocks that are synchronized by the network, and less than servers tolerate. */
const CLOCK_TOLERANCE_MS = 5000;

/** The clock skew of each server. */
export function skews() {
  /** @type {Map<string, number>} */
  const offsets = new Map();
  /** @param {string | URL} url */
  const offsetMs = (url) => offsets.get(new URL(url).origin) ?? 0;

  return {
    offsetMs,

    /**
     * Called when the server refused a proof or assertion that was made with that offset. Returns whether clock skew may be the reason; if
     * so, the server's clock is used from then on.
     * @param {string | URL} url @param {Headers} headers @param {number} [usedMs]
     */
    corrected(url, headers, usedMs = offsetMs(url)) {
      const foundMs = Date.parse(headers.get("date") ?? "") - Date.now();
      if (!(Math.abs(foundMs - usedMs) > CLOCK_TOLERANCE_MS)) return false;
      offsets.set(new URL(url).origin, foundMs);
      return true;
    },
  };
}
