// @ts-check

/** The clocks of two machines that are set by the network differ by less; servers allow for more than this. */
const CLOCK_TOLERANCE_MS = 5000;

/** How far the clocks of servers are from ours. */
export function skews() {
  /** @type {Map<string, number>} */
  const offsets = new Map();
  /** @param {string | URL} url */
  const offsetMs = (url) => offsets.get(new URL(url).origin) ?? 0;

  return {
    offsetMs,

    /**
     * The server refused what was made with that offset. Whether that may have been for its time: then the server's clock counts
     * from now on.
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
