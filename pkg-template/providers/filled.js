// @ts-check
import { asGiven } from "../lib/given.js";

/**
 * Replaces `{name}` in the URL by that option; `{name=a|b}` allows only these values. No value can change the host or add a path segment,
 * which would send the tokens elsewhere.
 * @param {string} provider @param {Record<string, any>} options @param {string} address
 */
export const filled = (provider, options, address) =>
  address.replace(/{(\w+)=?(.*?)}/g, (_, name, choices) => {
    const value = options?.[name];
    const fits = RegExp(`^(${choices || "\\w[\\w.-]*(:\\d+)?"})$`);
    if (typeof value == "string" && fits.test(value)) return value;
    throw new TypeError(`${provider}: ${name} must fit into ${address} ${asGiven(value)}`);
  });
