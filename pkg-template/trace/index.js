// @ts-check
import { asGiven } from "../lib/given.js";
// For the option `trace`: readable steps of the state machine, without secrets.
import { checkKnown, text } from "../lib/known.js";

/** @import { TraceStep } from "../index.js" */
/** @import { traceBuffer as declaredBuffer, traceToConsole as declaredToConsole } from "./index.js" */

/** @type {typeof declaredToConsole} */
export function traceToConsole(options = {}) {
  checkKnown("traceToConsole", options, {
    console: (value) => typeof value?.debug != "function" && "an object with debug()",
    label: text,
  });
  const { console = globalThis.console, label = "oauth-refresher" } = options;
  let begun = NaN;
  return (step) => {
    if (!(step.at >= begun)) begun = step.at;
    console.debug(`${label} ${line(step, begun)}`);
  };
}

/** @type {typeof declaredBuffer} */
export function traceBuffer(size = 100) {
  if (!Number.isInteger(size) || size < 1)
    throw new TypeError(`traceBuffer: the size must be a whole number from 1 ${asGiven(size)}`);
  /** @type {TraceStep[]} */
  const steps = [];
  const trace = (/** @type {TraceStep} */ step) => {
    steps.push(step);
    if (steps.length > size) steps.shift();
  };
  return Object.assign(trace, {
    steps: () => [...steps],
    clear: () => void steps.splice(0),
    toJSON: () =>
      steps.map(({ at, event, effects, phase, generation, caller }) => ({
        at,
        event,
        effects,
        phase,
        generation,
        caller,
      })),
    toString: () => steps.map((step) => line(step, steps[0]?.at ?? 0)).join("\n"),
  });
}

/** `+1.204 s  replied 4 → save 5 [save]` @param {TraceStep} step @param {number} begun */
function line({ at, event, effects, phase, caller }, begun) {
  const about = caller ? `${event} ${caller}` : event;
  const done = effects.length ? ` → ${effects.join(", ")}` : "";
  return `+${(at - begun).toFixed(3)} s  ${about}${done} [${phase}]`;
}
