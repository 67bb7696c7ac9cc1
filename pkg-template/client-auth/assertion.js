// @ts-check
import { freshId, jws } from "../lib/jws.js";
import { skews } from "../lib/skews.js";
import { fail, missing } from "./checks.js";

/** @import { ClientAuth } from "../index.js" */
/** @import { AssertionOptions } from "./index.js" */

/** The signer of the next assertion, requested for each one. @typedef {{ alg: string, sign: (text: string) => Promise<string>, secret?: string }} Signer */
/** The clock and secret of the last assertion. @typedef {{ offsetMs: number, secret?: string | undefined }} Made */

/** RFC 7523 §2.2. */
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/**
 * A ClientAuth that adds a new assertion (RFC 7523 §3, and the draft that updates it) to each request.
 * @param {string} name @param {AssertionOptions & { alg?: string | undefined }} options @param {() => Promise<Signer>} signer
 * @returns {ClientAuth}
 */
export function asserting(name, options, signer) {
  const { audience, claims = {}, kid, typ = "client-authentication+jwt", lifetimeSeconds = 60 } = options;
  const clocks = skews();

  /** @param {{ client_id?: string | undefined, issuer?: string | undefined }} known */
  function checkOptions({ client_id, issuer }) {
    if (!client_id && !(claims.iss && claims.sub)) missing("client_id", name);
    // RFC 7521 §4.2: a client_id must be the subject of the assertion
    if (client_id && claims.sub && claims.sub !== client_id)
      fail(name, "claims.sub and client_id name two clients: leave one out");
    if (!issuer && !audience)
      missing(
        "issuer",
        name,
        ", for an assertion is meant for one server: write its issuer, or { audience }",
      );
  }

  /** @param {Parameters<ClientAuth>[0] & { refused?: { said?: Made } }} request @returns {Promise<Made>} */
  async function authenticate({ url, parameters, client_id, issuer, lastReply, refused }) {
    checkOptions({ client_id, issuer });
    const { alg, sign, secret } = await signer();
    if (refused) {
      const { said } = refused;
      const isCorrected = !!lastReply && clocks.corrected(url, lastReply.headers, said?.offsetMs);
      if (!isCorrected && secret === said?.secret)
        throw new Error(`${name}: neither the clock nor the secret was wrong`);
    }
    const offsetMs = clocks.offsetMs(url);
    const iat = Math.floor((Date.now() + offsetMs) / 1000);
    const body = {
      iss: client_id,
      sub: client_id,
      aud: audience ?? issuer,
      ...(options.jti !== null && { jti: freshId() }),
      iat,
      exp: iat + lifetimeSeconds,
      ...claims,
    };
    const header = { ...(typ && { typ }), alg, ...(kid && { kid }) };
    parameters.set("client_assertion_type", ASSERTION_TYPE);
    parameters.set("client_assertion", await jws(header, body, sign));
    return { offsetMs, secret };
  }

  return Object.assign(/** @type {any} */ (authenticate), { checkOptions });
}
