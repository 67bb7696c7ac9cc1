// @ts-check
// Builds and sends requests, reads replies, and calls the storage and the lock. Loaded with the core, because nothing of this is needed
// without it: in pages it is in the core's chunk. It must not import a module that the entry also imports, because esbuild would put that
// into a third file: the driver passes those as `tools`.
import { lockPort } from "./ports/lock.js";
import { exchange } from "./exchange.js";
import { timer } from "./ports/timer.js";
import { Failures } from "./failure.js";
import { revoke } from "./revocation.js";
import { requests } from "./request.js";
import { storagePort } from "./ports/storage.js";

/** @import { Lent } from "./exchange.js" */
/** @import { Ask } from "./request.js" */
/** @import { StorageTools } from "./ports/storage.js" */
/** @import { Options } from "./platform.js" */
/** @import { TokenStorage } from "../index.js" */

/**
 * @typedef {object} RequestTools
 * @property {boolean} isWorkerd
 * @property {typeof import("./options.js").isEndpoint} isEndpoint
 * @property {typeof import("./given.js").typeOf} typeOf
 * @property {typeof import("./error.js").RefreshError} RefreshError
 */

/** @typedef {RequestTools & StorageTools} Tools */

/**
 * @param {Options} options @param {TokenStorage} storage  The option, or one that is bound to a DPoP key.
 * @param {ReturnType<typeof import("./scrub.js").scrubber>} scrubber @param {Tools} tools
 */
export function wire(options, storage, scrubber, tools) {
  const given = /** @type {any} */ (storage);
  for (const name of ["lock", "subscribe", "peek"])
    if (given[name] && !given[name].call)
      throw new TypeError(`storage.${name} must be a function (given: ${tools.typeOf(given[name])})`);
  const made = requests(options, scrubber.learn, tools);
  const {
    token_endpoint,
    issuer,
    client_id,
    storage: { name },
  } = options;
  return {
    lock: lockPort(
      options.lock,
      options.storage,
      [token_endpoint ?? issuer, client_id, name].join(" "),
      tools.isWorkerd,
    ),
    failures: new Failures(scrubber, storage, tools.RefreshError),
    storage: storagePort(storage, tools),
    /** @param {Lent} lent */
    exchange: (lent) => exchange(options, made, lent),
    /** @param {Ask} ask  Asks the core that ordered it. @param {string} token */
    revoke: (ask, token) => revoke(options, made, ask, token),
    timer: options.timer ?? timer,
  };
}
