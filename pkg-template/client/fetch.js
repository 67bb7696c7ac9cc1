// @ts-check
// Requests and responses as data, for a `refresher.fetch` in the host: the page gets no token.
import { absolute, isRequest } from "../lib/fetch.js";

/** @import { FetchInput } from "../index.js" */

/** The members of a page's Request that are passed on, besides method, headers and body. Not its mode. */
const MEMBERS = "method cache credentials integrity keepalive redirect referrerPolicy".split(" ");

/** @param {FetchInput} input @param {RequestInit} [init] */
export async function sendableRequest(input, init) {
  const request = new Request(isRequest(input) ? input : absolute(input), init);
  const { url, signal } = request;
  const body = request.body || !/^(GET|HEAD)$/.test(request.method) ? await request.arrayBuffer() : undefined;
  /** @type {Record<string, any>} */
  const given = { url, signal, headers: [...request.headers], ...(body?.byteLength && { body }) };
  for (const name of MEMBERS) given[name] = /** @type {any} */ (request)[name];
  return given;
}

/** @param {any} answer @returns {Response} */
export function readResponse({ body, status, statusText, headers, url, redirected }) {
  const response = new Response(body, { status, statusText, headers });
  return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } });
}
