// @ts-check
/** @import { RefresherOptions, Value } from "../index.js" */

/**
 * The options of a provider together with the credentials of the application.
 * @template {RefresherOptions} Known
 * @param {string} provider
 * @param {{ client_id?: string, client_secret?: Value } & Record<string, any>} options
 * @param {string} needs  the options that must be there, separated by spaces
 * @param {Known} known  `clientAuth` is for clients with a secret
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
