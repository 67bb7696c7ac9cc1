import type { DPoP, DPoPKeyPair } from "../index.js";

/**
 * Sender-constrained tokens (RFC 9449): a key that only this browser or process has, and a proof of it beside every request. A token
 * that is stolen without the key is of no use. The handle goes into the option `dpop` of `createRefresher`.
 *
 * Nothing happens until the key is needed. It is ES256 unless you give another, and its private part cannot be exported, by this
 * library neither.
 *
 * - `keyStorage: "memory"` (default): the key lives as long as the handle. For a session that lives no longer, and for servers.
 * - `keyStorage: "indexeddb"`: the key is kept in IndexedDB, for tabs, workers and later visits of the origin. Choose it whenever the
 *   storage outlives the page.
 * - `keyPair`: a key of your own, which you keep. Processes that share a session must share its key.
 *
 * The record of a session names the key's thumbprint (`dpop_jkt`). When that key is not here any more, a public client's session has
 * ended (`session_ended`: its refresh token is bound to the key, RFC 9449 §5), nothing is sent, and what is stored is left as it is. A
 * confidential client's refresh token is not bound: its session goes on with the new key.
 *
 * A server that answers with `token_type` Bearer ignored the proof: its token is used as a Bearer token, as RFC 9449 §5 allows. An
 * application that insists on binding looks at `tokens.token_type`.
 *
 * @throws TypeError for an option that is unknown, or a key pair that cannot make proofs.
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

export interface DPoPOptions {
  /**
   * The key: by its algorithm ES256, ES384, ES512, EdDSA (Ed25519), RS256 or PS256 (and their longer hashes). Best made with
   * `extractable: false`.
   */
  keyPair?: DPoPKeyPair | undefined;
  /** Where a key that the library makes lives. Default `memory`. */
  keyStorage?: "memory" | "indexeddb" | undefined;
  /**
   * Names the IndexedDB database of the key; one key per name. Default `oauth-refresher.dpop`. With the name of an
   * `indexedDbStorage`, key and session are kept, and lost, together.
   */
  name?: string | undefined;
}
