// A strict check of a client assertion (RFC 7523 section 3, the draft that updates it, OpenID Connect Core section 9): every member,
// and no other. With node:crypto, so that it shares no code with the package.

import { createHmac, constants, createPublicKey, timingSafeEqual, verify } from "node:crypto";

const TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const CLAIMS = ["aud", "exp", "iat", "iss", "jti", "sub"];

/**
 * The assertions that a server has seen. `key`: the client's public JWK, or its secret. `alg`: its registered algorithm. `clock`: the
 * server's time in milliseconds.
 */
export function assertionChecker({ issuer, client_id, key, alg, clock = Date.now, skewSeconds = 10 }) {
  const accepted = [];
  const seen = new Set();

  /** The fault of a request's parameters, or undefined. */
  function fault(parameters) {
    for (const name of ["client_assertion", "client_assertion_type", "client_id"])
      if (parameters.getAll(name).length !== 1) return `${name} came ${parameters.getAll(name).length} times`;
    if (parameters.has("client_secret")) return "a secret beside an assertion";
    if (parameters.get("client_assertion_type") !== TYPE) return "client_assertion_type";
    const assertion = parameters.get("client_assertion");
    const { header, claims } = partsOf(assertion);
    const names = Object.keys(claims).sort();
    if (String(names) !== String(CLAIMS)) return `the claims ${names}`;
    if (header.typ !== "client-authentication+jwt") return "typ";
    if (header.alg !== alg) return "alg";
    if (!isSigned(assertion, alg, key)) return "signature";
    if (claims.iss !== client_id || claims.sub !== client_id) return "iss and sub";
    if (parameters.get("client_id") !== claims.sub) return "client_id is another";
    if (claims.aud !== issuer) return "aud is not the issuer as one string";
    if (!/^[\w-]{22,}$/.test(claims.jti)) return "jti of less than 128 bits";
    if (seen.has(claims.jti)) return "an assertion that was seen before";
    seen.add(claims.jti);
    const now = clock() / 1000;
    if (!(claims.exp > now - skewSeconds) || claims.exp > now + 600) return "exp";
    if (!(Math.abs(claims.iat - now) <= skewSeconds + 60)) return "iat";
    accepted.push({ header, claims });
  }

  return { fault, accepted };
}

export function partsOf(assertion) {
  const [header, claims] = assertion.split(".", 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
  return { header, claims };
}

function isSigned(assertion, alg, key) {
  const at = assertion.lastIndexOf(".");
  const text = Buffer.from(assertion.slice(0, at));
  const signature = Buffer.from(assertion.slice(at + 1), "base64url");
  const bits = alg.slice(2);
  if (alg.startsWith("HS")) {
    const wanted = createHmac(`sha${bits}`, Buffer.from(key, "utf8")).update(text).digest();
    return signature.length === wanted.length && timingSafeEqual(signature, wanted);
  }
  const padding = alg.startsWith("PS") && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: bits / 8 };
  const how = {
    key: createPublicKey({ key, format: "jwk" }),
    ...padding,
    ...(alg.startsWith("ES") && { dsaEncoding: "ieee-p1363" }),
  };
  return verify(/^Ed/.test(alg) ? null : `sha${bits}`, text, how, signature);
}
