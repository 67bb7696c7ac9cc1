// @ts-check
/**
 * An address whose `{name}` is filled by that option, and whose `{name=a|b}` by one of these only. No value leaves the host, or reaches
 * another path, that the address has: the tokens would go there.
 * @param {string} provider @param {Record<string, any>} options @param {string} address
 */
export const filled = (provider, options, address) =>
  address.replace(/{(\w+)=?(.*?)}/g, (_, name, choices) => {
    const value = options?.[name];
    const fits = RegExp(`^(${choices || "\\w[\\w.-]*(:\\d+)?"})$`);
    if (typeof value == "string" && fits.test(value)) return value;
    throw new TypeError(`${provider}: ${name} must fit into ${address}`);
  });
