// A strict check of a DPoP proof (RFC 9449 section 4.3): every member, and no other. With node:crypto, so that it shares no code
// with the package.

import { createHash, createPublicKey, verify } from "node:crypto";

/** The fault of a proof: `invalid_dpop_proof`, or `use_dpop_nonce` with the nonce to use. */
export class ProofError extends Error {
  constructor(description, { error = "invalid_dpop_proof", nonce } = {}) {
    super(description);
    Object.assign(this, { error, nonce });
  }
}

/**
 * The proofs that a server has seen. `nonces`: each proof must have the newest nonce, and the first one comes with a refusal; without
 * the option a nonce is a fault. `clock`: the server's time in milliseconds.
 */
export function proofChecker({ nonces = false, clock = Date.now, toleranceSeconds = 10 } = {}) {
  const seen = new Set();
  const accepted = [];
  let nonce = nonces ? newNonce() : undefined;

  /** The claims and the key's thumbprint, or a ProofError. */
  function check(proof, { method, url, access_token }) {
    if (typeof proof !== "string" || !/^[\w-]+\.[\w-]+\.[\w-]+$/.test(proof)) fail("not one JWT");
    const [header, claims] = proof.split(".", 2).map((part) => JSON.parse(Buffer.from(part, "base64url")));
    const wanted = ["htm", "htu", "iat", "jti", ...(access_token ? ["ath"] : [])];
    members(header, ["alg", "jwk", "typ"]);
    members(claims, claims.nonce === undefined ? wanted : [...wanted, "nonce"]);
    if (header.typ !== "dpop+jwt") fail("typ");
    members(header.jwk, PUBLIC[header.jwk.kty] ?? fail("kty"));
    if (!isSigned(proof, header)) fail("signature");
    if (seen.has(claims.jti)) fail("a proof that was seen before");
    if (!/^[\w-]{16,}$/.test(claims.jti)) fail("jti of less than 96 bits");
    seen.add(claims.jti);
    if (claims.htm !== method) fail("htm");
    if (claims.htu !== url) fail("htu");
    if (!Number.isInteger(claims.iat)) fail("iat is no whole number");
    if (Math.abs(claims.iat - clock() / 1000) > toleranceSeconds) fail("iat is too far from now");
    if (access_token && claims.ath !== sha256(access_token)) fail("ath");
    if (claims.nonce !== nonce) {
      if (nonce === undefined) fail("an unknown nonce");
      throw new ProofError("nonce", { error: "use_dpop_nonce", nonce });
    }
    accepted.push(claims);
    return { claims, alg: header.alg, jkt: thumbprint(header.jwk) };
  }

  return {
    check,
    accepted,
    seen,
    get nonce() {
      return nonce;
    },
    /** Requires another nonce from now on. */
    renew: () => (nonce = newNonce()),
  };
}

/** RFC 7638. */
export function thumbprint(jwk) {
  const required = PUBLIC[jwk.kty].map((name) => [name, jwk[name]]);
  return sha256(JSON.stringify(Object.fromEntries(required)));
}

/** The claims of a proof, unchecked. */
export const claimsOf = (proof) => JSON.parse(Buffer.from(proof.split(".")[1], "base64url"));

/** The public members of a key, in the order of RFC 7638. */
const PUBLIC = { EC: ["crv", "kty", "x", "y"], OKP: ["crv", "kty", "x"], RSA: ["e", "kty", "n"] };

const sha256 = (text) => createHash("sha256").update(text).digest("base64url");

let nonces = 0;
const newNonce = () =>
  `nonce.${++nonces}~${createHash("sha256").update(String(Math.random())).digest("hex")}`;

function isSigned(proof, { alg, jwk }) {
  const at = proof.lastIndexOf(".");
  const text = Buffer.from(proof.slice(0, at));
  const signature = Buffer.from(proof.slice(at + 1), "base64url");
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const bits = alg.slice(2);
  if (alg.startsWith("ES")) return verify(`sha${bits}`, text, { key, dsaEncoding: "ieee-p1363" }, signature);
  if (alg === "EdDSA") return verify(null, text, key, signature);
  if (alg.startsWith("RS")) return verify(`sha${bits}`, text, key, signature);
  if (alg.startsWith("PS"))
    return verify(`sha${bits}`, text, { key, padding: 6, saltLength: bits / 8 }, signature); // RSA_PKCS1_PSS_PADDING
  return false;
}

function members(object, names) {
  if (JSON.stringify(Object.keys(object).sort()) !== JSON.stringify([...names].sort()))
    fail(`members ${Object.keys(object)} and not ${names}`);
}

function fail(what) {
  throw new ProofError(what);
}
