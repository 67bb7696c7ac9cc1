// @ts-check
// Whether a resource server's response refuses the access token (RFC 6750 §3): what a refresh and a second request can mend.

/** @import { RefresherOptions } from "../index.js" */
/** @import { Driver } from "./driver.js" */

/** As the application says, or as the challenges do. @param {RefresherOptions} options @param {Pick<Driver, "rejects">} driver @param {Response} response */
export const isTokenRefused = ({ isTokenRejected }, driver, response) =>
  isTokenRejected ? isTokenRejected(readable(response)) : isChallenged(driver, response);

/**
 * RFC 6750 §3: a 401 whose challenges refuse the token. One whose challenges cannot be read, because the server sent none or
 * CORS hides them, is believed as it is (RFC 9110 §15.5.2).
 * @param {Pick<Driver, "rejects">} driver @param {Response} response
 */
export function isChallenged(driver, { status, headers }) {
  if (status != 401) return false;
  const challenges = headers.get("www-authenticate");
  return challenges === null || driver.rejects(challenges);
}

/** The response for `isTokenRejected`: whatever that reads, it reads from a copy, which is made then. @param {Response} response */
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
