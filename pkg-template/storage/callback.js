// @ts-check
/** @import { callbackStorage as declared } from "./index.js" */

/** @type {typeof declared} */
export function callbackStorage(callbacks) {
  for (const [name, required] of Object.entries({ load: true, save: true, lock: false, subscribe: false })) {
    const given = /** @type {any} */ (callbacks)?.[name];
    if (typeof given != "function" && (required || given !== undefined))
      throw new TypeError(`callbackStorage: ${name} must be a function (given: ${typeof given})`);
  }
  const { lock, subscribe, name, conditionalSave } = callbacks;
  return {
    load: () => callbacks.load(),
    save: (record, expected) => callbacks.save(record, expected),
    ...(lock && { lock: lock.bind(callbacks) }),
    ...(subscribe && { subscribe: subscribe.bind(callbacks) }),
    ...(name !== undefined && { name }),
    ...(conditionalSave !== undefined && { conditionalSave }),
  };
}
