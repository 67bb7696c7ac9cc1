// @ts-check
import { freshId, jws } from "../lib/jws.js";
import { sha256 } from "./key.js";

/** @import { Key } from "./key.js" */

/**
 * A proof for one request (RFC 9449 §4.2). Each has its own `jti` and is sent once.
 * @param {Key} key
 * @param {{ url: string | URL, method: string, nonce?: string, access_token?: string, offsetMs?: number }} request
 */
export async function signedProof(key, { url, method, nonce, access_token, offsetMs = 0 }) {
  const header = { typ: "dpop+jwt", alg: key.alg, jwk: key.jwk };
  const { origin, pathname } = new URL(url);
  const claims = {
    jti: freshId(),
    htm: onTheWire(method),
    // §4.2: without query and fragment. URL has already removed default ports and dot segments and lower-cased the host.
    htu: origin + pathname,
    iat: Math.floor((Date.now() + offsetMs) / 1000),
    ...(nonce && { nonce }),
    // §4.2: only with an access token; a token request has none
    ...(access_token && { ath: await sha256(access_token) }),
  };
  return jws(header, claims, key.sign);
}

/** The nonce that a proof was made with. @param {string} proof @returns {string | undefined} */
export function nonceOf(proof) {
  const [, claims = ""] = proof.split(".");
  return JSON.parse(atob(claims.replace(/-/g, "+").replace(/_/g, "/"))).nonce;
}

/** As fetch sends it: these in upper case, every other as it is. @param {string} method */
const onTheWire = (method) =>
  /^(get|head|post|put|delete|options)$/i.test(method) ? method.toUpperCase() : method;
