// @ts-check
import { absolute, isOneShot, isRequest } from "../lib/fetch.js";
import { followRedirects } from "../lib/redirects.js";
import { errorsOf } from "./challenge.js";
import { signedProof } from "./proof.js";

/** @import { Key } from "./key.js" */
/** @import { servers } from "./servers.js" */
/** @import { Sender } from "../lib/platform.js" */
/** @import { FetchInput } from "../index.js" */

/**
 * Sends requests to resource servers with token and proof (RFC 9449 §7.1). Redirects are followed here, because a proof is for one URL
 * and no platform removes the header on a redirect to another origin.
 * @param {() => Promise<Key>} key @param {ReturnType<typeof servers>} known @returns {Sender}
 */
export const proving = (key, known) => (fetch) => async (input, init) => {
  const response = await followRedirects(proved(fetch, key, known))(input, init);
  const asked = init?.redirect ?? (isRequest(input) ? input.redirect : "follow");
  // a page cannot read the target
  if (response.type == "opaqueredirect" && asked == "follow")
    throw new TypeError(
      `${locationOf(input).origin} redirects, and a page cannot make a proof for where that leads: ask for the final URL`,
    );
  return response;
};

/** @param {typeof globalThis.fetch} fetch @param {() => Promise<Key>} key @param {ReturnType<typeof servers>} known @returns {typeof globalThis.fetch} */
function proved(fetch, key, known) {
  return async (input, init = {}) => {
    const request = isRequest(input) ? input : undefined;
    const given = new Headers(init.headers ?? request?.headers);
    const [, access_token] = /^dpop (.*)/i.exec(given.get("authorization") ?? "") ?? [];
    // after a redirect to another origin there is no token and no proof
    if (!access_token) return fetch(input, init);

    given.set("authorization", `DPoP ${access_token}`); // spelled as registered: some servers are case-sensitive
    const url = locationOf(input);
    const method = init.method ?? request?.method ?? "GET";
    // Only a Request is always readable once; other one-shot bodies are not sent again.
    const isCloned = request && init.body == null && !/^(GET|HEAD)$/.test(request.method);
    /** What was mended already: each once. @type {Set<string>} */
    const mended = new Set();

    for (let target = /** @type {any} */ (input); ;) {
      const { nonce, offsetMs } = known.known(url, true);
      const headers = new Headers(given);
      headers.set("dpop", await signedProof(await key(), { url, method, nonce, access_token, offsetMs }));
      const spare = isCloned ? target.clone() : target;
      const response = await fetch(target, { ...init, headers });
      known.heard(url, true, response.headers);
      const fault = faultOf(response);
      const isMended =
        (fault == "nonce" && known.known(url, true).nonce !== nonce) ||
        (fault == "clock" && known.corrected(url, response.headers));
      if (!fault || !isMended || mended.has(fault) || isOneShot(init.body)) {
        if (spare !== target) spare.body?.cancel().catch(() => {});
        return response;
      }
      mended.add(fault);
      response.body?.cancel().catch(() => {});
      target = spare;
    }
  };
}

/**
 * A resource server's reason to refuse the proof (RFC 9449 §7.1 and §9), also beside other challenges. Challenges that CORS hides may
 * mean a nonce; a retry needs a new one.
 * @param {Response} response @returns {"nonce" | "clock" | undefined}
 */
function faultOf({ status, headers }) {
  if (status != 401 && status != 400) return;
  const challenges = headers.get("www-authenticate");
  if (challenges === null) return status == 401 ? "nonce" : undefined;
  const errors = errorsOf(challenges, "dpop");
  if (errors.includes("use_dpop_nonce")) return "nonce";
  if (errors.includes("invalid_dpop_proof")) return "clock";
}

/** @param {FetchInput} input */
const locationOf = (input) => absolute(isRequest(input) ? input.url : input);
