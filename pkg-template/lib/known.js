// @ts-check
import { asGiven, typeOf } from "./given.js";

/**
 * Refuses unknown and wrong options of `who`. A misspelt option would be ignored: with a misspelt `encrypt`, tokens are stored in clear.
 * @param {string} who @param {any} options
 * @param {Record<string, (value: any) => string | false | undefined>} known  By name: the required kind, if the value is not of that kind.
 */
export function checkKnown(who, options, known) {
  if (typeOf(options) != "object")
    throw new TypeError(`${who}: options must be an object ${asGiven(options)}`);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, name))
      throw new TypeError(
        `${who}: options.${name} is not known; write one of ${Object.keys(known).join(", ")}`,
      );
    const wanted = value !== undefined && known[name]?.(value);
    if (wanted)
      throw new TypeError(`${who}: options.${name} must be ${wanted} ${asGiven(value, /secret/.test(name))}`);
  }
}

/** @param {unknown} value */
export const flag = (value) => typeof value != "boolean" && "true or false";

/** @param {unknown} value */
export const text = (value) => !(value && typeof value == "string") && "a non-empty string";

/** @param {unknown} value */
export const callable = (value) => typeof value != "function" && "a function";

/** Refuses options where there are none: `{ encrypt: true }` would be ignored, and tokens stored in clear. @param {string} who @param {unknown[]} others */
export function noOptions(who, [options]) {
  const [name = "it"] = typeOf(options) == "object" ? Object.keys(Object(options)) : [];
  const other = name == "encrypt" ? "; indexedDbStorage has encrypt" : "";
  if (options !== undefined)
    throw new TypeError(
      `${who} has no options, and ${name} would be ignored: leave it out ${asGiven(options)}${other}`,
    );
}
