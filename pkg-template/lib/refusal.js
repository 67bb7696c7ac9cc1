// @ts-check
// Whether a resource server's response refuses the access token (RFC 6750 §3), so that a refresh and a retry can help.

/** @import { RefresherOptions } from "../index.js" */
/** @import { Driver } from "./driver.js" */

/** By `isTokenRejected` if it is given, else by the challenges. @param {RefresherOptions} options @param {Pick<Driver, "rejects">} driver @param {Response} response */
export const isTokenRefused = ({ isTokenRejected }, driver, response) =>
  isTokenRejected ? isTokenRejected(readable(response)) : isChallenged(driver, response);

/**
 * RFC 6750 §3: a 401 whose challenges refuse the token. Without readable challenges (the server sent none, or CORS hides them), a 401
 * counts as a refusal (RFC 9110 §15.5.2).
 * @param {Pick<Driver, "rejects">} driver @param {Response} response
 */
export function isChallenged(driver, { status, headers }) {
  if (status != 401) return false;
  const challenges = headers.get("www-authenticate");
  return challenges === null || driver.rejects(challenges);
}

/** The response for `isTokenRejected`. The body is read from a clone, made at the first access. @param {Response} response */
function readable(response) {
  /** @type {any} */
  let copy;
  return new Proxy(response, {
    get(target, name) {
      if (/^(body|bytes|text|json|blob|formData|arrayBuffer)$/.test(String(name))) copy ??= target.clone();
      const source = copy ?? target;
      const member = source[name];
      return typeof member == "function" ? member.bind(source) : member;
    },
  });
}
