// @ts-check

/**
 * A key pair as proofs need it.
 * @typedef {{ pair: CryptoKeyPair, alg: string, jwk: JsonWebKey, thumbprint: string, sign: (text: string) => Promise<string> }} Key
 */

/** What the algorithm of a CryptoKey is called in a JWS (RFC 7518 §3.1, RFC 8037 §3.1), and how WebCrypto signs with it. */
export function signing(/** @type {any} */ { name, namedCurve, hash, modulusLength }) {
  const bits = Number(hash?.name.slice(4)); // "SHA-256"
  const curve = /** @type {Record<string, number>} */ ({ "P-256": 256, "P-384": 384, "P-521": 512 })[
    namedCurve
  ];
  if (name == "ECDSA" && curve) return { alg: `ES${curve}`, how: { name, hash: `SHA-${curve}` } };
  if (name == "Ed25519") return { alg: "EdDSA", how: { name } };
  if (!(modulusLength >= 2048) || !(bits >= 256)) return undefined; // RFC 7518 §3.3
  if (name == "RSASSA-PKCS1-v1_5") return { alg: `RS${bits}`, how: { name } };
  if (name == "RSA-PSS") return { alg: `PS${bits}`, how: { name, saltLength: bits / 8 } };
}

/** ES256: what every implementation of RFC 9449 has. The private key cannot be read, by us neither. @returns {Promise<CryptoKeyPair>} */
export const generated = () =>
  subtle().generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);

/** @param {CryptoKeyPair} pair @returns {Promise<Key>} */
export async function keyOf(pair) {
  const { privateKey, publicKey } = pair;
  const { alg, how } = /** @type {NonNullable<ReturnType<typeof signing>>} */ (signing(privateKey.algorithm));
  const { kty, crv, x, y, n, e } = await subtle().exportKey("jwk", publicKey);
  // RFC 7638 §3.2: these members and no others, in this order; they are also all that a proof may show
  const jwk = kty == "RSA" ? { e, kty, n } : kty == "EC" ? { crv, kty, x, y } : { crv, kty, x };
  return {
    pair,
    alg,
    jwk: /** @type {JsonWebKey} */ (jwk),
    thumbprint: await sha256(JSON.stringify(jwk)),
    sign: async (text) => base64url(await subtle().sign(how, privateKey, new TextEncoder().encode(text))),
  };
}

/** @param {string} text */
export const sha256 = async (text) =>
  base64url(await subtle().digest("SHA-256", new TextEncoder().encode(text)));

/** RFC 7515 §2. @param {ArrayBuffer | Uint8Array} bytes */
export const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(
    /[+/=]/g,
    (character) => ({ "+": "-", "/": "_" })[character] ?? "",
  );

function subtle() {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) throw new Error("DPoP needs crypto.subtle: serve the page by https");
  return subtle;
}
