// @ts-check
import { UNLISTED } from "./messages.js";
import { sessions } from "./sessions.js";

/** @import { Awaitable, DemandOptions, FetchInput, RefresherOptions, TokenSet } from "../index.js" */
/** @import { Driver } from "./driver.js" */

/**
 * fetch with the access token, for the origins of the options and no others (RFC 6750 §5.3); when a resource server refuses the
 * token, one refresh and one retry.
 * @param {Pick<RefresherOptions, "origins" | "keepRejectedResponse">} options @param {Pick<Driver, "fresh">} driver
 * @param {(wish?: DemandOptions) => Promise<TokenSet>} tokensFor
 * @param {(response: Response) => Awaitable<boolean>} isRefused  Whether that response refuses the token.
 * @param {(token_type: string) => typeof globalThis.fetch} sender  What sends a request with a token of that type, as `fetch` does.
 */
export function authorizedFetch(options, driver, tokensFor, isRefused, sender) {
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
      // Called without an object, as browsers want it.
      const send = sender(token_type);
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
  if (!origins.includes(origin) || !/^http/.test(protocol)) throw new TypeError(origin + UNLISTED);
  return { origin, target: isRequest(input) ? input : url };
}

/** Behind a redirect to another origin no token was sent: what that server refuses is not the token. @param {string} origin @param {Response} response */
const isFrom = (origin, { redirected, url }) => !redirected || new URL(url).origin === origin;

/** A body that can be read once only. @param {unknown} body */
export const isOneShot = (body) =>
  !!body && typeof body == "object" && ("getReader" in body || Symbol.asyncIterator in body);
