// @ts-check
import { asGiven, typeOf } from "../lib/given.js";
import { signing } from "../lib/jws.js";
import { guarded } from "./guard.js";
import { keyring } from "./keyring.js";
import { nonceOf, signedProof } from "./proof.js";
import { proving } from "./sender.js";
import { servers } from "./servers.js";

/** @import { RefresherOptions, TokenStorage } from "../index.js" */
/** @import { dpop as declared } from "./index.js" */
/** @import { Heard } from "../lib/door.js" */
/** @import { HttpRequest } from "../lib/ports/http.js" */

const NAME = "oauth-refresher.dpop";

/** @type {typeof declared} */
export function dpop(options = {}) {
  const { keyPair, keyStorage = "memory", name = NAME } = checked(options);
  const keys = keyring(keyPair, keyStorage == "indexeddb" ? name : undefined);
  const known = servers();

  const handle = {
    async proof({ url, method, nonce, access_token }) {
      const key = await keys.key();
      const request = {
        url,
        method,
        ...known.known(url, !!access_token),
        ...(access_token && { access_token }),
      };
      return signedProof(key, nonce ? { ...request, nonce } : request);
    },
    thumbprint: keys.thumbprint,
    keyPair: async () => (await keys.key()).pair,

    // Internal: for the refresher, not declared.

    /** @param {TokenStorage} storage @param {RefresherOptions["clientAuth"]} clientAuth */
    guarded: (storage, clientAuth) => guarded(storage, clientAuth == "none", keys),

    sender: proving(keys.key, known),

    /**
     * Takes nonce and clock from a reply of the token endpoint. Returns whether the same request with a new proof may succeed: the
     * refusal is due to clock skew. A requested nonce is handled by the core, which sends a second request.
     * @param {HttpRequest} request @param {Headers} received @param {Heard["refused"]} refused
     */
    heard({ url, headers }, received, refused) {
      known.heard(url, false, received);
      if (refused == "proof") return known.corrected(url, received);
      if (refused == "nonce" && known.known(url, false).nonce === (headers.dpop && nonceOf(headers.dpop)))
        throw new Error(
          "use_dpop_nonce without a new nonce: send DPoP-Nonce, and expose it to pages (Access-Control-Expose-Headers)",
        );
      return false;
    },
  };
  return Object.freeze(handle);
}

/** @param {unknown} options @returns {NonNullable<Parameters<typeof declared>[0]>} */
function checked(options) {
  if (typeOf(options) != "object") fail(`options must be an object ${asGiven(options)}`);
  const { keyPair, keyStorage, name, ...others } = /** @type {any} */ (options);
  const [unknown] = Object.keys(others);
  if (unknown) fail(`${unknown} is no option: there are keyPair, keyStorage and name`);
  if (![undefined, "memory", "indexeddb"].includes(keyStorage))
    fail(`keyStorage must be "memory" or "indexeddb" ${asGiven(keyStorage)}`);
  if (name !== undefined && (!name || typeof name != "string" || keyStorage != "indexeddb"))
    fail('name must be a non-empty string beside keyStorage "indexeddb": it names the database');
  if (keyPair === undefined) return /** @type {any} */ (options);
  if (keyStorage == "indexeddb")
    fail("keyPair and keyStorage exclude each other: a key pair you give is yours to keep");
  const { privateKey, publicKey } = keyPair ?? {};
  if (privateKey?.type != "private" || publicKey?.type != "public")
    fail(`keyPair must be a CryptoKeyPair ${asGiven(keyPair, true)}`);
  if (!signing(privateKey.algorithm) || !privateKey.usages.includes("sign"))
    fail("keyPair must sign: ES256, ES384, ES512, EdDSA, or RS256 and PS256 with at least 2048 bits");
  // a proof contains the public key
  if (!publicKey.extractable) fail("keyPair.publicKey must be extractable");
  return /** @type {any} */ (options);
}

/** @param {string} message @returns {never} */
function fail(message) {
  throw new TypeError(`dpop: ${message}`);
}
