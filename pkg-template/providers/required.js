// @ts-check

/**
 * Checks required options at once; otherwise the first request would fail. The error names the given type, never the value.
 * @param {string} provider @param {Record<string, unknown>} options
 */
export function required(provider, options) {
  for (const [name, value] of Object.entries(options))
    if (!value || (typeof value != "string" && typeof value != "function"))
      throw new TypeError(
        `${provider}: ${name} must be a non-empty string (given: ${value === null ? "null" : typeof value})`,
      );
}
