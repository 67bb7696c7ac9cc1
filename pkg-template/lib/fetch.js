// @ts-check
import { sessions } from "./sessions.js";

/** @import { DemandOptions, FetchInput, RefresherOptions, TokenSet } from "../index.js" */
/** @import { Driver } from "./driver.js" */

/** What sends a request to an API, as `fetch` does. @typedef {(fetch: typeof globalThis.fetch) => typeof globalThis.fetch} Sender */

/**
 * fetch with the access token, for the origins of the options and no others (RFC 6750 §5.3); when a resource server refuses the
 * token, one refresh and one retry.
 * @param {RefresherOptions & { sender?: Sender }} options @param {Driver} driver
 * @param {(wish?: DemandOptions) => Promise<TokenSet>} tokensFor
 */
export function authorizedFetch(options, driver, tokensFor) {
  const { isTokenRejected, sender = (fetch) => fetch } = options;
  /** @param {Response} response */
  const isRefused = (response) =>
    isTokenRejected ? isTokenRejected(readable(response)) : isChallenged(response, driver);
  /** The access token that its refresh brought again: another would bring it once more. */
  let irreplaceable = "";

  /** @param {FetchInput} input @param {RequestInit} [given] @returns {Promise<Response>} */
  return async (input, given) => {
    let init = given ?? {};
    // fetch(url, request): what a Request says is in getters, which a copy would leave behind
    if ("clone" in init) [input, init] = [new Request(absolute(input), init), {}];
    // One reading says where it goes, whatever the getter of a subclass says at the next.
    if (isRequest(input))
      // one of another realm or of a library is none of this Request's, and is read as the init that it resembles
      input =
        input instanceof Request
          ? new Request(input)
          : new Request(absolute(/** @type {Request} */ (input).url), input);
    const request = isRequest(input) ? input : undefined;
    const { origin, target } = destination(input, options.origins);
    const fields = init.headers ?? request?.headers;
    let headers = fields && new Headers(fields);
    const signal = init.signal === undefined ? request?.signal : init.signal;
    const wish = signal ? { signal } : {};

    /** @param {FetchInput} target @param {TokenSet} tokens */
    const attempt = (target, { token_type, access_token }) => {
      const authorization = `${token_type} ${access_token}`;
      headers?.set("authorization", authorization);
      const { dpop } = /** @type {any} */ (options);
      const send = (dpop && /^dpop$/i.test(token_type) ? dpop.sender : sender)(
        options.fetch ?? globalThis.fetch,
      );
      return send(target, { ...members(init), headers: headers ?? { authorization } });
    };

    const tokens = (!signal?.aborted && driver.fresh()) || (await tokensFor(wish));
    const { access_token } = tokens;
    // Only a Request must be doubled before it is known whether it goes twice: it can be read once, whatever it was made of.
    const spare =
      request && init.body == null && !/^(GET|HEAD)$/.test(request.method) ? request.clone() : request;
    const renewed = async () => {
      if (access_token === irreplaceable) return;
      const other = await tokensFor({ ...wish, rejected: access_token }).catch((error) => {
        signal?.throwIfAborted();
        // The 401 means that a login is needed; where the session goes on, it would say so by mistake.
        if (!error.loginRequired && !options.keepRejectedResponse) throw error;
      });
      if (other?.access_token === access_token) irreplaceable = access_token;
      // A login as another person came between: the request is not that person's.
      else if (other && sessions.get(other) === sessions.get(tokens)) return other;
    };
    const response = await attempt(target, tokens);
    const refused = isFrom(origin, response) && (await isRefused(response));
    const others = refused && (await renewed());
    if (others && !isOneShot(init.body)) {
      response.body?.cancel().catch(() => {});
      headers &&= new Headers(headers);
      return attempt(spare ?? target, others);
    }
    if (spare !== request) spare?.body?.cancel().catch(() => {});
    return response;
  };
}

/** What an object says, by its prototypes too: fetch reads it so. @param {RequestInit} init @returns {RequestInit} */
function members(init) {
  /** @type {any} */
  const all = {};
  for (const name in init) all[name] = init[/** @type {"body"} */ (name)];
  return all;
}

/** A relative URL means what it means to the page's own fetch. @param {FetchInput} input */
export const absolute = (input) =>
  new URL(/** @type {URL} */ (input), globalThis.document?.baseURI ?? globalThis.location?.href);

/** @param {FetchInput} input @returns {input is Request} */
export const isRequest = (input) => typeof input == "object" && "clone" in input;

/**
 * Where a call goes, if that is an origin that was listed.
 * @param {FetchInput} input @param {string[]} [origins] @returns {{ origin: string, target: FetchInput }}
 */
function destination(input, origins = []) {
  // A string that begins so can mean no other origin; to parse it would take a fiftieth of a call over loopback.
  const listed = typeof input == "string" && origins.find((origin) => input.startsWith(origin + "/"));
  if (listed) return { origin: listed, target: input };
  const url = absolute(isRequest(input) ? input.url : input);
  const { origin, protocol } = url;
  // a blob: URL has the origin of who made it
  if (!origins.includes(origin) || !/^http/.test(protocol))
    throw new TypeError(
      `${origin} gets no access token: add it to the option \`origins\` if it may have one`,
    );
  return { origin, target: isRequest(input) ? input : url };
}

/** Behind a redirect to another origin no token was sent: what that server refuses is not the token. @param {string} origin @param {Response} response */
const isFrom = (origin, { redirected, url }) => !redirected || new URL(url).origin === origin;

/** A body that can be read once only. @param {unknown} body */
export const isOneShot = (body) =>
  !!body && typeof body == "object" && ("getReader" in body || Symbol.asyncIterator in body);

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
