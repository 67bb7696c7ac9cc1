// @ts-check
import { skews } from "../lib/skews.js";

/** RFC 9449 §8: NQCHAR. Two field lines, joined with a comma, are invalid. */
const NONCE = /^[!#-[\]-~]+$/;

/** The newest nonce (§8.2) and the clock skew of each server. */
export function servers() {
  /** @type {Map<string, string>} */
  const nonces = new Map();
  const clocks = skews();

  /** @param {string | URL} url */
  const originOf = (url) => new URL(url).origin;
  /** An authorization server's nonces are not a resource server's, even of one origin (§9). @param {string | URL} url @param {boolean} isResource */
  const nameOf = (url, isResource) => `${isResource ? "resource" : "token"} ${originOf(url)}`;

  return {
    /** @param {string | URL} url @param {boolean} isResource */
    known(url, isResource) {
      const nonce = nonces.get(nameOf(url, isResource));
      return { ...(nonce && { nonce }), offsetMs: clocks.offsetMs(url) };
    },

    /** Every response may bring the next nonce. @param {string | URL} url @param {boolean} isResource @param {Headers} headers */
    heard(url, isResource, headers) {
      const nonce = headers.get("dpop-nonce") ?? "";
      if (NONCE.test(nonce)) nonces.set(nameOf(url, isResource), nonce);
    },

    /** The server refused a proof, possibly because of clock skew. */
    corrected: clocks.corrected,
  };
}
