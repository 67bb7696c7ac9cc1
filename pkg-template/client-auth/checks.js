// @ts-check
import { asGiven } from "../lib/given.js";
/** @import { AssertionOptions } from "./index.js" */

/** The check of each option, and its description for errors. @type {Record<string, [(value: any) => unknown, string]>} */
const KINDS = {
  audience: [
    (v) => [v].flat().length && [v].flat().every((one) => one && typeof one == "string"),
    "a non-empty string, or a list of them",
  ],
  claims: [(v) => ({}).toString.call(v) == "[object Object]", "an object"],
  kid: [(v) => v && typeof v == "string", "a non-empty string"],
  lifetimeSeconds: [(v) => Number.isFinite(v) && v > 0, "a finite number above 0"],
  typ: [(v) => v === null || (v && typeof v == "string"), "a non-empty string, or null to leave it out"],
  jti: [(v) => v === null, "null, to leave it out"],
};

/**
 * The options of an assertion, or a TypeError that says what to write.
 * @param {string} maker @param {AssertionOptions & { alg?: string | undefined }} options @param {string[]} algs
 */
export function checked(maker, options, algs) {
  for (const [name, value] of Object.entries(options)) {
    const [fits, wanted] =
      name == "alg" ? [(/** @type {any} */ v) => algs.includes(v), algs.join(" or ")] : (KINDS[name] ?? []);
    if (!fits) fail(maker, `${name} is no option: there are alg, ${Object.keys(KINDS).join(", ")}`);
    if (value !== undefined && !fits(value))
      fail(maker, `${name} must be ${wanted} ${asGiven(value, name == "claims")}`);
  }
  for (const name of ["aud", "exp", "jti"])
    if (Object.hasOwn(options.claims ?? {}, name))
      fail(maker, `claims.${name} cannot be set here: ${ELSEWHERE[name]}`);
  return options;
}

/** @type {Record<string, string>} */
const ELSEWHERE = {
  aud: "write audience",
  exp: "write lifetimeSeconds",
  jti: "every assertion has its own, or none with jti: null",
};

/** @param {string} option @param {string} maker @param {string} [why] @returns {never} */
export const missing = (option, maker, why = "") => {
  throw new TypeError(`${option} is missing: ${maker} needs it${why}`);
};

/** @param {string} maker @param {string} message @returns {never} */
export function fail(maker, message) {
  throw new TypeError(`${maker}: ${message}`);
}

/** A page or its worker, where the platform's fetch cannot present a certificate. */
export const hasWindow = () => "document" in globalThis || "WorkerGlobalScope" in globalThis;
