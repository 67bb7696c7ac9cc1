// @ts-check
import { errorsOf } from "../dpop/challenge.js";

/** @import { FetchInput } from "../index.js" */

/** Stand-in for a refresh token, which makes the SDKs refresh. Not a token. */
export const STAND_IN = "kept-by-oauth-refresher";

/** Whether a request of an SDK is a refresh with this token. @param {RequestInit} init @param {string} refresh_token */
export const asksWith = ({ body }, refresh_token) =>
  body instanceof URLSearchParams &&
  body.get("grant_type") == "refresh_token" &&
  body.get("refresh_token") === refresh_token;

/** @param {number} status @param {object} body */
export const reply = (status, body) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

/** Whether a response makes the SDK request more scope (RFC 6750 §3.1; RFC 9449 §7.1). @param {Response} response */
export const isScopeMissing = ({ status, headers }) =>
  status == 403 &&
  /** @type {const} */ (["bearer", "dpop"]).some((scheme) =>
    errorsOf(headers.get("www-authenticate"), scheme).includes("insufficient_scope"),
  );

/** @param {FetchInput} input */
export const urlOf = (input) => new URL(input instanceof Request ? input.url : input);
