// @ts-check
/** @import { DemandOptions, RefresherOptions, TokenSet } from "../index.js" */
/** @import { Driver } from "./driver.js" */

/**
 * fetch with the access token, for the origins of the options and no others (RFC 6750 §5.3); when a resource server refuses the
 * token, one refresh and one retry.
 * @param {RefresherOptions} options @param {Driver} driver @param {(wish?: DemandOptions) => Promise<TokenSet>} tokensFor
 */
export function authorizedFetch(options, driver, tokensFor) {
  const { isTokenRejected = (/** @type {Response} */ response) => isChallenged(response, driver) } = options;

  /** @param {RequestInfo | URL} input @param {RequestInit} [init] @returns {Promise<Response>} */
  return async (input, init = {}) => {
    const request = typeof input == "object" && "url" in input ? input : undefined;
    const url = new URL(request?.url ?? String(input), globalThis.location?.href);
    checkOrigin(url, options.origins);
    const signal = init.signal ?? request?.signal;
    const wish = signal ? { signal } : {};
    const body = init.body ?? (request?.body ? await request.arrayBuffer() : undefined);

    /** @param {TokenSet} tokens */
    const attempt = ({ token_type, access_token }) => {
      const headers = new Headers(init.headers ?? request?.headers);
      headers.set("authorization", `${token_type} ${access_token}`);
      const { fetch = globalThis.fetch } = options;
      return fetch(request ? new Request(request.url, from(request)) : url, {
        ...init,
        ...(body && { body }),
        headers,
      });
    };

    const tokens = await tokensFor(wish);
    const response = await attempt(tokens);
    if (!(await isTokenRejected(response))) return response;
    const { access_token } = tokens;
    const renewed = await tokensFor({ ...wish, rejected: access_token }).catch(() => undefined);
    if (!renewed || renewed.access_token === access_token || isOneShot(body)) return response;
    await response.body?.cancel();
    return attempt(renewed);
  };
}

/** What a Request says but for its body, which was read. @param {Request} request @returns {RequestInit} */
const from = ({
  method,
  mode,
  credentials,
  cache,
  redirect,
  referrer,
  referrerPolicy,
  integrity,
  keepalive,
  signal,
}) => ({
  method,
  redirect,
  signal,
  // what only browsers have; "navigate" cannot be asked for
  ...(globalThis.location && { mode, credentials, cache, referrer, referrerPolicy, integrity, keepalive }),
});

/** @param {URL} url @param {string[]} [origins] */
function checkOrigin({ origin }, origins = []) {
  if (!origins.includes(origin))
    throw new TypeError(
      `${origin} gets no access token: add it to the option \`origins\` if it may have one`,
    );
}

/** A body that can be read once only. @param {unknown} body */
const isOneShot = (body) =>
  !!body && typeof body == "object" && ("getReader" in body || Symbol.asyncIterator in body);

/**
 * RFC 6750 §3: a 401 whose challenges refuse the token. One whose challenges cannot be read, because the server sent none or
 * CORS hides them, is believed as it is (RFC 9110 §15.5.2).
 * @param {Response} response @param {Driver} driver
 */
function isChallenged({ status, headers }, driver) {
  if (status != 401) return false;
  const challenges = headers.get("www-authenticate");
  return challenges === null || driver.rejects(challenges);
}
