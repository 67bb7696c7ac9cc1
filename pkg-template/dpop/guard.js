// @ts-check
/** @import { TokenInput, TokenRecord, TokenStorage } from "../index.js" */

/**
 * @typedef {object} Keyring
 * @property {() => Promise<string>} thumbprint
 * @property {(thumbprint: string) => Promise<boolean>} has  Whether that key is here; it is used from now on.
 */

/**
 * A storage that writes beside the tokens which key they are bound to, and shows only those whose key is here.
 *
 * A public client's refresh token is bound to the key as the access token is (RFC 9449 §5): without the key there is no session,
 * and nothing is sent. What is stored is left alone: another context may have the key. A confidential client's refresh token is
 * bound to the client, so a session goes on with a new key and a new access token.
 * @param {TokenStorage} storage @param {boolean} isPublic @param {Keyring} keyring
 */
export function guarded(storage, isPublic, keyring) {
  let lost = false;
  return {
    /** Why there is no session, if it is for the key. */
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
      // A refresh token that came alone may be bound to nothing: only a server's word binds.
      const isBound = record && /^dpop$/i.test(record.tokens.token_type ?? "");
      return storage.save(isBound ? { ...record, dpop_jkt: await keyring.thumbprint() } : record, expected);
    },
  };
}

/** @param {TokenInput} tokens */
function unbound({ access_token, expires_in, expires_at, ...others }) {
  return others;
}
