// @ts-check
/** @import { TokenInput, TokenRecord, TokenStorage } from "../index.js" */

/**
 * @typedef {object} Keyring
 * @property {() => Promise<string>} thumbprint
 * @property {(thumbprint: string) => Promise<boolean>} has  Whether that key is available; it is used from now on.
 */

/**
 * A storage that records the key of the tokens, and loads only tokens whose key is available.
 *
 * A public client's refresh token is bound to the key like the access token (RFC 9449 §5): without the key there is no session,
 * and nothing is sent. The record is kept, because another context may have the key. A confidential client's refresh token is
 * bound to the client, so its session continues with a new key and a new access token.
 * @param {TokenStorage} storage @param {boolean} isPublic @param {Keyring} keyring
 */
export function guarded(storage, isPublic, keyring) {
  let lost = false;
  return {
    /** The reason if the session is unavailable without its key. */
    get lost() {
      return lost ? "the DPoP key of the stored tokens is gone: they cannot be used" : undefined;
    },

    ...(storage.conditionalSave !== undefined && { conditionalSave: storage.conditionalSave }),

    async load() {
      const record = await storage.load();
      const isForeign = !!record?.dpop_jkt && !(await keyring.has(record.dpop_jkt));
      lost = isForeign && isPublic;
      return isForeign ? { ...record, tokens: isPublic ? {} : unbound(record.tokens ?? {}) } : record;
    },

    /** @param {TokenRecord | null} record @param {number | null} expected */
    async save(record, expected) {
      // A refresh token that was set alone may be unbound: only a server's reply binds.
      const isBound = record && /^dpop$/i.test(record.tokens.token_type ?? "");
      return storage.save(isBound ? { ...record, dpop_jkt: await keyring.thumbprint() } : record, expected);
    },
  };
}

/** @param {TokenInput} tokens */
function unbound({ access_token, expires_in, expires_at, ...others }) {
  return others;
}
