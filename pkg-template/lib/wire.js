// @ts-check
// What makes requests, sends them and reads replies. It comes with the core, because nothing is sent without one: in pages it is in the
// core's chunk. So it imports nothing that the entry also imports, of which esbuild would make a third file: the driver lends that.
import { exchange } from "./exchange.js";
import { requests } from "./request.js";
import { revoke } from "./revocation.js";
import { traceStep } from "./trace-step.js";

/** @import { Lent } from "./exchange.js" */
/** @import { Ask } from "./request.js" */

/**
 * @typedef {object} Tools
 * @property {typeof import("./ports/timer.js").bounded} bounded
 * @property {typeof import("./options.js").isEndpoint} isEndpoint
 * @property {typeof import("./options.js").typeOf} typeOf
 */

/** @param {Parameters<typeof exchange>[0]} options @param {(secrets: object) => void} learn @param {Tools} tools */
export function wire(options, learn, tools) {
  const made = requests(options, learn, tools);
  return {
    /** @param {Lent} lent */
    exchange: (lent) => exchange(options, made, lent),
    /** @param {Ask} ask  Of the core that ordered it. @param {string} token */
    revoke: (ask, token) => revoke(options, made, ask, token),
    traceStep,
  };
}
