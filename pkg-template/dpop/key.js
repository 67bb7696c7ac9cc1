// @ts-check
import { base64url, signature, signing, subtle } from "../lib/jws.js";

/**
 * A key pair for proofs.
 * @typedef {{ pair: CryptoKeyPair, alg: string, jwk: JsonWebKey, thumbprint: string, sign: (text: string) => Promise<string> }} Key
 */

/** ES256, which every implementation of RFC 9449 supports. The private key is not extractable. @returns {Promise<CryptoKeyPair>} */
export const generated = () =>
  subtle().generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);

/** @param {CryptoKeyPair} pair @returns {Promise<Key>} */
export async function keyOf(pair) {
  const { privateKey, publicKey } = pair;
  const { alg, how } = /** @type {NonNullable<ReturnType<typeof signing>>} */ (signing(privateKey.algorithm));
  const { kty, crv, x, y, n, e } = await subtle().exportKey("jwk", publicKey);
  // RFC 7638 §3.2: exactly these members in this order; a proof may not contain others either
  const jwk = kty == "RSA" ? { e, kty, n } : kty == "EC" ? { crv, kty, x, y } : { crv, kty, x };
  return {
    pair,
    alg,
    jwk: /** @type {JsonWebKey} */ (jwk),
    thumbprint: await sha256(JSON.stringify(jwk)),
    sign: (text) => signature(how, privateKey, text),
  };
}

/** @param {string} text */
export const sha256 = async (text) =>
  base64url(await subtle().digest("SHA-256", new TextEncoder().encode(text)));
