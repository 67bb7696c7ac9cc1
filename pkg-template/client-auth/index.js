// @ts-check
import { signature, signing, subtle } from "../lib/jws.js";
import { asserting } from "./assertion.js";
import { asGiven } from "../lib/given.js";
import { checked, fail, hasWindow, missing } from "./checks.js";

/** @import { ClientAuth } from "../index.js" */
/** @import { clientSecretJwt as secretDeclared, mutualTls as tlsDeclared, privateKeyJwt as keyDeclared } from "./index.js" */

/** @type {typeof keyDeclared} */
export function privateKeyJwt(key, options = {}) {
  const { type, algorithm = {} } = /** @type {any} */ (key ?? {});
  const found = type == "private" && signing(algorithm);
  if (!found)
    fail(
      "privateKeyJwt",
      `key must be a private CryptoKey that signs: ES256, ES384, ES512, EdDSA, or RS256 and PS256 with at least 2048 bits ${asGiven(key, true)}`,
    );
  const { alg, how } = found;
  // RFC 9864 gives EdDSA with this curve a name of its own
  const names = alg == "EdDSA" ? [alg, "Ed25519"] : [alg];
  const said = checked("privateKeyJwt", options, names);
  const sign = (/** @type {string} */ text) => signature(how, key, text);
  return asserting("privateKeyJwt", said, async () => ({ alg: said.alg ?? alg, sign }));
}

/** @type {typeof secretDeclared} */
export function clientSecretJwt(secret, options = {}) {
  if (typeof secret != "function" && (!secret || typeof secret != "string"))
    fail(
      "clientSecretJwt",
      `secret must be a non-empty string, or a function that gives it ${asGiven(secret, true)}`,
    );
  const said = checked("clientSecretJwt", options, ["HS256", "HS384", "HS512"]);
  const { alg = "HS256" } = said;
  const bits = Number(alg.slice(2));
  /** OpenID Connect Core §10.1: the octets of the secret's UTF-8 representation. @param {string} value */
  const octets = (value) => {
    const bytes = new TextEncoder().encode(value);
    // RFC 7518 §3.2
    if (bytes.length * 8 < bits)
      fail(
        "clientSecretJwt",
        `${alg} needs a secret of at least ${bits / 8} bytes, as long as its hash, and this one is shorter`,
      );
    return bytes;
  };
  if (typeof secret == "string") octets(secret);
  return asserting("clientSecretJwt", said, async () => {
    const value = typeof secret == "function" ? await secret() : secret;
    if (!value || typeof value != "string")
      fail("clientSecretJwt", `the secret's function must give a non-empty string (given: ${typeof value})`);
    const bytes = octets(value);
    const how = { name: "HMAC", hash: `SHA-${alg.slice(2)}` };
    const key = await subtle().importKey("raw", bytes, how, false, ["sign"]);
    return { alg, secret: value, sign: (text) => signature("HMAC", key, text) };
  });
}

/** @type {typeof tlsDeclared} */
export function mutualTls(clientAuth) {
  if (clientAuth !== undefined && typeof clientAuth != "function")
    fail(
      "mutualTls",
      `what stands beside the certificate must be a ClientAuth function ${asGiven(clientAuth)}`,
    );
  /** @type {any} */
  const beside = clientAuth;
  return Object.assign(/** @type {ClientAuth} */ ((request) => beside?.(request)), {
    /** RFC 8705 §5: the endpoints that ask for a certificate. */
    aliased: true,
    /** @param {any} options */
    checkOptions(options) {
      if (!options.client_id) missing("client_id", "mutualTls"); // RFC 8705 §2
      if (!options.fetch && hasWindow())
        fail("mutualTls", "no page can show a client certificate: give the option `fetch` what does");
      beside?.checkOptions?.(options);
    },
  });
}
