// @ts-check
/** @import { RefresherOptions, Value } from "../index.js" */

/**
 * The options of a provider with the application's credentials.
 * @template {RefresherOptions} Known
 * @param {string} provider
 * @param {{ client_id?: string, client_secret?: Value } & Record<string, any>} options
 * @param {string} needs  The required options, separated by spaces.
 * @param {Known} known  Its `clientAuth` is for clients with a secret.
 */
export function preset(provider, options, needs, known) {
  for (const name of needs.split(" ")) {
    const value = options?.[name];
    if (!value || !/^st|^f/.test(typeof value))
      throw new TypeError(`${provider}: ${name} must be a non-empty string (given: ${typeof value})`);
  }
  const { client_id, client_secret } = options;
  return {
    ...known,
    client_id,
    client_secret,
    clientAuth: client_secret ? known.clientAuth : /** @type {const} */ ("none"),
  };
}
