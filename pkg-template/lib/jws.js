// @ts-check

/**
 * The JWS name of a private CryptoKey's algorithm (RFC 7518 §3.1, RFC 8037 §3.1), and WebCrypto's parameters for signing.
 * @param {any} algorithm
 */
export function signing({ name, namedCurve, hash, modulusLength }) {
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

/**
 * RFC 7515 §3.1, the compact serialization.
 * @param {object} header @param {object} claims @param {(text: string) => Promise<string>} sign
 */
export async function jws(header, claims, sign) {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${await sign(text)}`;
}

/** @param {Parameters<SubtleCrypto["sign"]>[0]} how @param {CryptoKey} key @param {string} text */
export const signature = async (how, key, text) =>
  base64url(await subtle().sign(how, key, new TextEncoder().encode(text)));

/** 128 random bits: the unique id of a proof or assertion. */
export const freshId = () => base64url(crypto.getRandomValues(new Uint8Array(16)));

/** RFC 7515 §2. @param {ArrayBuffer | Uint8Array} bytes */
export const base64url = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(
    /[+/=]/g,
    (character) => ({ "+": "-", "/": "_" })[character] ?? "",
  );

export function subtle() {
  const { subtle } = globalThis.crypto ?? {};
  if (!subtle) throw new Error("there is no crypto.subtle: serve the page by https");
  return subtle;
}

/** @param {object} value */
const encoded = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
