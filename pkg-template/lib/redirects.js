// @ts-check
import { isOneShot, isRequest } from "./fetch.js";

/** @import { Sender } from "./platform.js" */

/** The limit of the Fetch standard. */
const MOST_HOPS = 20;

/**
 * Follows redirects as the Fetch standard does (HTTP-redirect fetch), on workerd: its own `fetch` sends `Authorization` to the origin of
 * any redirect, as documented.
 * @type {Sender}
 */
export const followRedirects =
  (fetch) =>
  async (input, init = {}) => {
    const given = isRequest(input) ? input : undefined;
    if ((init.redirect ?? given?.redirect ?? "follow") != "follow") return fetch(input, init);

    const spare = given?.body && init.body == null ? given.clone() : given;
    let response = await fetch(input, { ...init, redirect: "manual" });
    /** @type {Request | undefined} */
    let request;
    for (let hops = 0; ; hops++) {
      const next = target(response, request?.url ?? given?.url ?? String(input));
      if (!next) {
        if (spare !== given) spare?.body?.cancel().catch(() => {});
        return hops ? Object.defineProperty(response, "redirected", { value: true }) : response;
      }
      response.body?.cancel().catch(() => {});
      if (hops == MOST_HOPS) throw new TypeError(`${next.origin} redirects without end`);
      const isStream = isOneShot(init.body);
      request ??= new Request(spare ?? input, isStream ? { ...init, body: null } : init);
      request = moved(request, response.status, next, isStream);
      response = await fetch(request.body ? request.clone() : request, { redirect: "manual" });
    }
  };

/** The target of a redirect; undefined for other responses. @param {Response} response @param {string} from */
function target({ status, headers }, from) {
  const location = headers.get("location");
  if (![301, 302, 303, 307, 308].includes(status) || location === null) return;
  const next = new URL(location, from);
  if (!/^https?:$/.test(next.protocol)) throw new TypeError(`a redirect to ${next.protocol} is not followed`);
  return next;
}

/**
 * The request to the redirect's target: a GET if the status requires it, without credentials at another origin.
 * @param {Request} request @param {number} status @param {URL} next @param {boolean} isStream  The body was a stream, which is consumed.
 */
function moved(request, status, next, isStream) {
  const isRead = /^(GET|HEAD)$/.test(request.method);
  const becomesRead = status == 303 ? !isRead : status < 303 && request.method == "POST";
  if (isStream && !isRead && !becomesRead)
    throw new TypeError(`${next.origin} wants the body once more, which was a stream: send bytes`);
  const { headers, signal, cf } = /** @type {any} */ (request);
  const other = new Request(next, becomesRead ? /** @type {any} */ ({ headers, signal, cf }) : request);
  if (next.origin != new URL(request.url).origin)
    for (const name of ["authorization", "cookie", "proxy-authorization"]) other.headers.delete(name);
  return other;
}
