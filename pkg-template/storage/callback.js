// @ts-check
import { asGiven } from "../lib/given.js";
import { checkKnown, flag, text } from "../lib/known.js";

/** @import { callbackStorage as declared } from "./index.js" */

/** Refuses values that are not what `save` got, with an error that names `load`. @param {any} given */
function checkedRecord(given) {
  if (isJson(given))
    throw new TypeError(
      "callbackStorage: load gave a string: give the object that save got, with JSON.parse(text)",
    );
  if (given && !given.tokens && (given.access_token || given.refresh_token))
    throw new TypeError(
      "callbackStorage: load gave a token reply: give what save got, and hand a login over with setTokens(reply)",
    );
  return given;
}

/** Text that is not JSON counts as an unreadable record, which a login replaces. @param {unknown} given */
function isJson(given) {
  try {
    return typeof given == "string" && typeof JSON.parse(given) == "object";
  } catch {
    return false;
  }
}

const any = () => undefined;
const KNOWN = {
  load: any,
  save: any,
  lock: any,
  subscribe: any,
  peek: any,
  name: text,
  conditionalSave: flag,
};

/** @type {typeof declared} */
export function callbackStorage(callbacks) {
  for (const [name, required] of Object.entries({ load: true, save: true, lock: false, subscribe: false })) {
    const given = /** @type {any} */ (callbacks)?.[name];
    if (typeof given != "function" && (required || given !== undefined))
      throw new TypeError(`callbackStorage: ${name} must be a function ${asGiven(given, true)}`);
  }
  // An instance of a class may have other members.
  if (Object.getPrototypeOf(callbacks) == Object.prototype) checkKnown("callbackStorage", callbacks, KNOWN);
  const { lock, subscribe, name, conditionalSave } = callbacks;
  return {
    load: async () => checkedRecord(await callbacks.load()),
    save: (record, expected) => callbacks.save(record, expected),
    ...(lock && { lock: lock.bind(callbacks) }),
    ...(subscribe && { subscribe: subscribe.bind(callbacks) }),
    ...(name !== undefined && { name }),
    ...(conditionalSave !== undefined && { conditionalSave }),
  };
}
