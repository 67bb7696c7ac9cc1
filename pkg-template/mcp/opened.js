// @ts-check
// Creates the refresher for the SDK's results.
import { sessionDpop } from "./dpop.js";
import { keyOf, refresherOptions } from "./facts.js";

/** @import { Refresher, RefresherOptions, TokenSet, TokenStorage } from "../index.js" */
/** @import { McpOptions, McpProvider, McpTokens } from "./index.js" */
/** @import { Facts } from "./facts.js" */

/**
 * @typedef {object} Session
 * @property {string} id  Changes when a new refresher is needed.
 * @property {Facts} facts
 * @property {Refresher} refresher
 * @property {TokenStorage} storage
 * @property {{ error?: string } | undefined} [lost]  The authorization server's error that it does not know the client any more.
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
        // As in the SDKs, every 401 is a refusal, with or without an error code.
        isTokenRejected: ({ status }) => status == 401,
      });
      return { id, facts, refresher, storage };
    },
  };
}

/** The tokens for the SDK, without the refresh token. @param {TokenSet} tokens @param {Facts} facts @returns {McpTokens} */
export const shown = ({ access_token, token_type, expires_at, scope, id_token, issuer }, facts) => ({
  access_token,
  token_type,
  ...(expires_at !== undefined && { expires_in: Math.max(0, Math.round(expires_at - Date.now() / 1000)) }),
  ...(scope !== undefined && { scope }),
  ...(id_token !== undefined && { id_token }),
  issuer: typeof issuer == "string" ? issuer : facts.issuer,
});

/** Whether a login is needed. @param {any} error */
export const isOver = (error) => /^(session_ended|signed_out|identity_mismatch)$/.test(error?.code);

/** @param {Session} session */
export const isEnded = ({ refresher }) => /^(signed-out|session-ended)$/.test(refresher.state);
