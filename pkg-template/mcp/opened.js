// @ts-check
// The refresher of what an SDK has found out, and what it belongs to.
import { sessionDpop } from "./dpop.js";
import { keyOf, refresherOptions } from "./facts.js";

/** @import { Refresher, RefresherOptions, TokenSet, TokenStorage } from "../index.js" */
/** @import { McpOptions, McpProvider, McpTokens } from "./index.js" */
/** @import { Facts } from "./facts.js" */

/**
 * @typedef {object} Session
 * @property {string} id  Changes when a new refresher is wanted.
 * @property {Facts} facts
 * @property {Refresher} refresher
 * @property {TokenStorage} storage
 * @property {{ error?: string } | undefined} [lost]  The authorization server does not know the client any more, and said so.
 */

/**
 * @param {McpProvider} provider @param {McpOptions} options @param {URL} serverUrl @param {Facts} facts
 * @returns {Promise<{ id: string, open(createRefresher: (options: RefresherOptions) => Refresher): Session }>}
 */
export async function sessionOf(provider, options, serverUrl, facts) {
  const key = await keyOf(serverUrl, facts);
  const { issuer, client, resource, metadata } = facts;
  const { client_id } = client;
  const own = refresherOptions(provider, facts);
  const id = JSON.stringify([
    key,
    { ...own, client_secret: !!own.client_secret },
    metadata.token_endpoint_auth_methods_supported,
  ]);
  const { lock, fetch, refresh, dpop = await sessionDpop(provider) } = options;

  return {
    id,
    open(createRefresher) {
      const storage = options.storage({ key, issuer, client_id, ...(resource && { resource }) });
      const refresher = createRefresher({
        ...refresh,
        ...own,
        ...(dpop && { dpop }),
        ...(lock && { lock }),
        ...(fetch && { fetch }),
        storage,
        origins: [serverUrl.origin],
        // servers name an error or do not; to the SDKs a 401 is a 401
        isTokenRejected: ({ status }) => status == 401,
      });
      return { id, facts, refresher, storage };
    },
  };
}

/** What the SDK sees of the tokens: no refresh token. @param {TokenSet} tokens @param {Facts} facts @returns {McpTokens} */
export const shown = ({ access_token, token_type, expires_at, scope, id_token, issuer }, facts) => ({
  access_token,
  token_type,
  ...(expires_at !== undefined && { expires_in: Math.max(0, Math.round(expires_at - Date.now() / 1000)) }),
  ...(scope !== undefined && { scope }),
  ...(id_token !== undefined && { id_token }),
  issuer: typeof issuer == "string" ? issuer : facts.issuer,
});

/** Only a login helps. @param {any} error */
export const isOver = (error) => /^(session_ended|signed_out|identity_mismatch)$/.test(error?.code);

/** @param {Session} session */
export const isEnded = ({ refresher }) => /^(signed-out|session-ended)$/.test(refresher.state);
