// @ts-check
import { preset } from "./preset.js";
import { bytes } from "./signed.js";

/** @import { apple as declared } from "./index.js" */

const LIFETIME_SECONDS = 300;

/** @type {typeof declared} */
export function apple(options) {
  if (options?.privateKey?.type != "private")
    throw new TypeError("apple: privateKey must be a private CryptoKey for ES256 (ECDSA on P-256)");
  return {
    ...preset("apple", options, "client_id team_id key_id", {
      token_endpoint: "https://appleid.apple.com/auth/token",
      reuse: "never",
    }),
    client_secret: () => minted(options),
    clientAuth: "client_secret_post",
  };
}

/** Creates the client's JWT, for each request. @param {Parameters<typeof declared>[0]} options */
async function minted({ client_id, team_id, key_id, privateKey }) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = {
    iss: team_id,
    iat,
    exp: iat + LIFETIME_SECONDS,
    aud: "https://appleid.apple.com",
    sub: client_id,
  };
  const signed = `${part({ alg: "ES256", kid: key_id })}.${part(claims)}`;
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signature = await crypto.subtle.sign(algorithm, privateKey, bytes(signed));
  return `${signed}.${base64url(new Uint8Array(signature))}`;
}

/** @param {{}} value */
const part = (value) => base64url(bytes(JSON.stringify(value)));

/** @param {Uint8Array} octets */
const base64url = (octets) =>
  btoa(String.fromCharCode(...octets)).replace(
    /[+/=]/g,
    (character) => ({ "+": "-", "/": "_" })[character] ?? "",
  );
