import type { DPoP, DPoPKeyPair } from "../index.js";

/**
 * Sender-constrained tokens (RFC 9449): a key that only this browser or process has, and a proof of it with every request. A token
 * that is stolen without the key is useless. Pass the result as the option `dpop` of `createRefresher`.
 *
 * Nothing happens until the key is needed. The default is an ES256 key; its private key is not extractable.
 *
 * - `keyStorage: "memory"` (default): the key lives as long as this object. For a session that lives no longer, and for servers.
 * - `keyStorage: "indexeddb"`: the key is kept in IndexedDB, for tabs, workers and later visits of the origin. Choose it whenever the
 *   storage outlives the page.
 * - `keyPair`: your own key, which you store. Processes that share a session must share its key.
 *
 * The record of a session contains the key's thumbprint (`dpop_jkt`). If that key is lost, a public client's session has ended
 * (`session_ended`: its refresh token is bound to the key, RFC 9449 §5), nothing is sent, and the record is kept. A confidential
 * client's refresh token is not bound: its session continues with the new key.
 *
 * A server that answers with `token_type` Bearer ignored the proof: its token is used as a Bearer token, as RFC 9449 §5 allows. An
 * application that requires binding checks `tokens.token_type`.
 *
 * @throws TypeError for an unknown option, or a key pair that cannot sign proofs.
 *
 * @example
 * ```ts
 * import { createRefresher } from "oauth-refresher";
 * import { dpop } from "oauth-refresher/dpop";
 * import { indexedDbStorage } from "oauth-refresher/storage";
 *
 * const key = dpop({ keyStorage: "indexeddb" });
 * const token_endpoint = "https://auth.example/token";
 * const refresher = createRefresher({
 *   token_endpoint,
 *   client_id: "my-app",
 *   dpop: key,
 *   storage: indexedDbStorage("session"),
 *   origins: ["https://api.example"],
 * });
 *
 * // the login's own token request needs a proof of the same key
 * const body = new URLSearchParams({ grant_type: "authorization_code", code: "…", client_id: "my-app" });
 * const exchange = async (nonce?: string) =>
 *   fetch(token_endpoint, {
 *     method: "POST",
 *     body,
 *     headers: { DPoP: await key.proof({ url: token_endpoint, method: "POST", nonce }) },
 *   });
 * let reply = await exchange();
 * const nonce = reply.headers.get("DPoP-Nonce");
 * if (reply.status === 400 && nonce) reply = await exchange(nonce);
 * if (reply.ok) await refresher.setTokens(await reply.json());
 * ```
 */
export function dpop(options?: DPoPOptions): DPoP;

/** The key, or where it is kept. */
export interface DPoPOptions {
  /**
   * The key. Its algorithm selects ES256, ES384, ES512, EdDSA (Ed25519), RS256 or PS256 (and their longer hashes). Preferably
   * generated with `extractable: false`.
   */
  keyPair?: DPoPKeyPair | undefined;
  /** Where the library stores the key that it generates. Default `memory`. */
  keyStorage?: "memory" | "indexeddb" | undefined;
  /**
   * The name of the key's IndexedDB database; one key per name. Default `oauth-refresher.dpop`. With the name of an
   * `indexedDbStorage`, key and session are stored, and lost, together.
   */
  name?: string | undefined;
}
