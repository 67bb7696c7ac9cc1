// @ts-check
import { UNLISTED } from "./messages.js";
import { sessions } from "./sessions.js";

/** @import { Awaitable, DemandOptions, FetchInput, RefresherOptions, TokenSet } from "../index.js" */
/** @import { Driver } from "./driver.js" */

/**
 * `fetch` with the access token, only for the origins of the options (RFC 6750 §5.3). If a resource server refuses the token: one
 * refresh and one retry.
 * @param {Pick<RefresherOptions, "origins" | "keepRejectedResponse">} options @param {Pick<Driver, "fresh">} driver
 * @param {(wish?: DemandOptions) => Promise<TokenSet>} tokensFor
 * @param {(response: Response) => Awaitable<boolean>} isRefused  Whether a response refuses the token.
 * @param {(token_type: string) => typeof globalThis.fetch} sender  Returns the `fetch` for a token of that type.
 */
export function authorizedFetch(options, driver, tokensFor, isRefused, sender) {
  /** An access token whose refresh returned the same one: refreshing it again is useless. */
  let irreplaceable = "";

  /** @param {FetchInput} input @param {RequestInit} [given] @returns {Promise<Response>} */
  return async (input, given) => {
    let init = given ?? {};
    // fetch(url, request): a Request's members are getters, which an object spread would not copy.
    if ("clone" in init) [input, init] = [new Request(absolute(input), init), {}];
    // Read the URL once: the getter of a subclass could return another one at the next read.
    if (isRequest(input))
      // A Request of another realm or library is not an instance of this Request: it is used as an init.
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
      // Called without `this`, as browsers require.
      const send = sender(token_type);
      return send(target, { ...members(init), headers: headers ?? { authorization } });
    };

    const tokens = (!signal?.aborted && driver.fresh()) || (await tokensFor(wish));
    const { access_token } = tokens;
    // A Request can be read only once, so it is cloned in advance for the retry.
    const spare =
      request && init.body == null && !/^(GET|HEAD)$/.test(request.method) ? request.clone() : request;
    const renewed = async () => {
      if (access_token === irreplaceable) return;
      const other = await tokensFor({ ...wish, rejected: access_token }).catch((error) => {
        signal?.throwIfAborted();
        // The caller takes a 401 for a needed login. If the session goes on, that would be wrong.
        if (!error.loginRequired && !options.keepRejectedResponse) throw error;
      });
      if (other?.access_token === access_token) irreplaceable = access_token;
      // Another user logged in meanwhile: the request is not theirs.
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

/** All members, also inherited ones, which fetch reads too. @param {RequestInit} init @returns {RequestInit} */
function members(init) {
  /** @type {any} */
  const all = {};
  for (const name in init) all[name] = init[/** @type {"body"} */ (name)];
  return all;
}

/** Resolves a relative URL as the page's own fetch does. @param {FetchInput} input */
export const absolute = (input) =>
  new URL(/** @type {URL} */ (input), globalThis.document?.baseURI ?? globalThis.location?.href);

/** @param {FetchInput} input @returns {input is Request} */
export const isRequest = (input) => typeof input == "object" && "clone" in input;

/**
 * The origin and target of a call. Throws if the origin is not listed.
 * @param {FetchInput} input @param {string[]} [origins] @returns {{ origin: string, target: FetchInput }}
 */
function destination(input, origins = []) {
  // A string with this prefix cannot mean another origin. Parsing it would cost 2 % of a call over loopback.
  const listed = typeof input == "string" && origins.find((origin) => input.startsWith(origin + "/"));
  if (listed) return { origin: listed, target: input };
  const url = absolute(isRequest(input) ? input.url : input);
  const { origin, protocol } = url;
  // A blob: URL has the origin of its creator.
  if (!origins.includes(origin) || !/^http/.test(protocol)) throw new TypeError(origin + UNLISTED);
  return { origin, target: isRequest(input) ? input : url };
}

/** After a redirect to another origin no token was sent, so its response cannot refuse the token. @param {string} origin @param {Response} response */
const isFrom = (origin, { redirected, url }) => !redirected || new URL(url).origin === origin;

/** A body that can be read once only. @param {unknown} body */
export const isOneShot = (body) =>
  !!body && typeof body == "object" && ("getReader" in body || Symbol.asyncIterator in body);
