// @ts-check

/** The UTF-8 bytes of a text. @param {string} text */
export const bytes = (text) => new TextEncoder().encode(text);

/** HMAC-SHA256 in lower-case hexadecimal. @param {string} secret @param {string} text */
export async function hmac(secret, text) {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(secret), algorithm, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(text)));
  return Array.from(signature, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
