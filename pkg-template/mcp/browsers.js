// @ts-check

/** An SDK's `auth()` takes less than this. */
const AUTH_MS = 60_000;
/** What began with the first browser comes to its own end so soon. */
const SPARE_MS = 10_000;

/**
 * Calls that learn at the same time that a login is wanted each have the SDK open a browser, and the verifier of the last one (RFC 7636) is
 * all that the provider keeps. Here the first one opens, with its verifier; a call that comes later opens another.
 */
export function browsers() {
  /** Runs of `auth()` that have opened nothing yet. */
  let begun = 0;
  let lastBegan = -Infinity;
  let spare = 0;
  let openedAt = -Infinity;
  /** The challenges of verifiers that were not kept. @type {Set<string | null>} */
  const dropped = new Set();

  return {
    begin() {
      const now = performance.now();
      begun = now - lastBegan > AUTH_MS ? 1 : begun + 1;
      lastBegan = now;
    },

    /** One run needs no browser. */
    end() {
      begun = Math.max(0, begun - 1);
    },

    /** @param {string} verifier */
    async isSpare(verifier) {
      const now = performance.now();
      if (spare > 0 && now - openedAt < SPARE_MS) {
        spare -= 1;
        dropped.add(await challengeOf(verifier));
        return true;
      }
      spare = Math.max(0, begun - 1);
      begun = 0;
      openedAt = now;
      return false;
    },

    /** @param {URL} url */
    isDropped: (url) => dropped.delete(url.searchParams.get("code_challenge")),
  };
}

/** RFC 7636 §4.2, S256. @param {string} verifier */
async function challengeOf(verifier) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier)));
  const text = btoa(String.fromCharCode(...digest));
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}
