// @ts-check

/** The clocks of two machines that are set by the network differ by less; servers allow for more than this. */
const CLOCK_TOLERANCE_MS = 5000;

/** RFC 9449 §8: NQCHAR. Two field lines, joined with a comma, are none. */
const NONCE = /^[!#-[\]-~]+$/;

/** What is known of the servers: the newest nonce of each (§8.2), and how far its clock is from ours. */
export function servers() {
  /** @type {Map<string, string>} */
  const nonces = new Map();
  /** @type {Map<string, number>} */
  const offsets = new Map();

  /** @param {string | URL} url */
  const originOf = (url) => new URL(url).origin;
  /** An authorization server's nonces are not a resource server's, even of one origin (§9). @param {string | URL} url @param {boolean} isResource */
  const nameOf = (url, isResource) => `${isResource ? "resource" : "token"} ${originOf(url)}`;

  return {
    /** @param {string | URL} url @param {boolean} isResource */
    known(url, isResource) {
      const nonce = nonces.get(nameOf(url, isResource));
      return { ...(nonce && { nonce }), offsetMs: offsets.get(originOf(url)) ?? 0 };
    },

    /** Every response may bring the next nonce. @param {string | URL} url @param {boolean} isResource @param {Headers} headers */
    heard(url, isResource, headers) {
      const nonce = headers.get("dpop-nonce") ?? "";
      if (NONCE.test(nonce)) nonces.set(nameOf(url, isResource), nonce);
    },

    /**
     * The server refused a proof. Whether that may have been for its time: then the server's clock counts from now on.
     * @param {string | URL} url @param {Headers} headers
     */
    corrected(url, headers) {
      const origin = originOf(url);
      const offsetMs = Date.parse(headers.get("date") ?? "") - Date.now();
      if (!(Math.abs(offsetMs - (offsets.get(origin) ?? 0)) > CLOCK_TOLERANCE_MS)) return false;
      offsets.set(origin, offsetMs);
      return true;
    },
  };
}
