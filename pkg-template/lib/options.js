// @ts-check
import { ENDPOINT, MESSAGES } from "./messages.js";

/** @import { Lock, RefresherOptions, Reuse } from "../index.js" */
/** @typedef {{ [name: string]: string | Spec | [string | Spec] }} Spec  Of an object: what each of its members may be. */

/**
 * The options with their defaults, or a TypeError that names the option, what to write, and the type that was given: never a
 * value, which may be a secret. One given as undefined counts as left out, and so does an empty scope (RFC 6749 §3.2).
 * @param {unknown} given
 */
export function checkOptions(given) {
  const { allowInsecureRequests } = /** @type {RefresherOptions} */ (given ?? {});
  check(OPTIONS, given, "options", allowInsecureRequests);
  /** @type {any} */
  const options = { ...DEFAULTS };
  for (const [name, value] of Object.entries(/** @type {{}} */ (given)))
    if (value !== undefined && (value || name != "scope")) options[name] = value;
  // how the secret is sent: by the issuer's metadata, if the options do not say
  options.isAuthOpen = !options.clientAuth && !!options.client_secret;
  options.clientAuth ??= options.client_secret ? "client_secret_basic" : "none";
  checkTogether(options);
  options.clientAuth.checkOptions?.(options);
  return /** @type {RefresherOptions & typeof DEFAULTS & Required<Pick<RefresherOptions, "clientAuth">>} */ (
    options
  );
}

/** The options as the core reads them, in JSON. @param {RefresherOptions} options */
export const coreOptions = ({ clientAuth, resource, ...others }) =>
  JSON.stringify({
    ...others,
    clientAuth: isFunction(clientAuth) ? "custom" : clientAuth,
    resource: resource && [resource].flat(),
    client_secret: undefined,
    storage: undefined,
  });

/** What no option can say alone: one is missing, or two contradict each other. @param {Record<string, any>} options */
function checkTogether({
  client_id,
  client_secret,
  clientAuth,
  headers = {},
  parameters = {},
  request = {},
  ...options
}) {
  const auth = "clientAuth " + (isString(clientAuth) ? clientAuth : "function");
  const missing = (/** @type {string} */ name, /** @type {string} */ why) =>
    fail(`${name} is missing: ${why}`);
  const contradict = (/** @type {string} */ name) =>
    fail(`${name} and ${auth} exclude each other: leave one out`);

  if (!options.token_endpoint && !options.issuer) missing("token_endpoint", "write its URL, or the issuer");
  // RFC 6749 §2.3: no more than one method of client authentication per request
  const sent = /basic/.test(auth) ? Object.values({ ...CREDENTIALS, ...request.basic }).join() : auth;
  if (client_secret && !/secret/.test(auth)) contradict("client_secret");
  for (const [name, given] of Object.entries({ client_secret, client_id }))
    if (!given && sent.includes(name)) missing(name, auth + " needs it");
  for (const name in { ...headers, ...request.templates })
    if (/^authorization$/i.test(name) && clientAuth != "none") contradict("headers." + name);

  // RFC 6749 §3.2: no parameter more than once
  const { names, place, templates } = request;
  for (const name in { ...parameters, ...templates })
    if (
      /^(grant_type|refresh_token|client_(id|secret))$/.test(name) ||
      (/^(scope|resource|audience)$/.test(name) && options[name])
    )
      fail(
        `${name in parameters ? "parameters" : "request.templates"}.${name} cannot be set here: it has an option of its own`,
      );
    else if (/^client_assertion/.test(name) && clientAuth != "none") contradict("parameters." + name);
  for (const name in place) {
    const slot = `{${names?.[name] ?? name}}`;
    if (place[name] == "path" && options.token_endpoint && !options.token_endpoint.includes(slot))
      fail(`request.place.${name} is path, and token_endpoint has no ${slot}`);
  }
  if (request.method == "GET" && /form|json|string/.test(request.body))
    fail(`request.body ${request.body}: a GET has none; write query or none`);
  // What a function gives is checked by the core.
  for (const name in request.check)
    for (const value of [parameters[name], headers[name]])
      if (isString(value)) check("a valid " + request.check[name], value, name);
}

/** Where a token may be sent. @param {unknown} url @param {boolean} [insecure] */
export const isEndpoint = (url, insecure) => fits(ENDPOINT, url, insecure);

const DEFAULTS = {
  basicEncoding: /** @type {"rfc6749" | "percent" | "raw"} */ ("rfc6749"),
  refreshAheadSeconds: 60,
  background: /** @type {"auto" | "always" | "never"} */ ("auto"),
  reuse: /** @type {Reuse} */ ("never"),
  lock: /** @type {Lock | "auto" | "none"} */ ("auto"),
  timeoutSeconds: 30,
  retries: 3,
};

/** RFC 6749 §2.3.1. */
const CREDENTIALS = { username: "client_id", password: "client_secret" };

const CODES = Object.keys(MESSAGES).join("|");
/** @type {Spec} */
const SIGN = { path: "a string", is: "anything", isNot: "anything", includes: "a string", means: CODES };

/**
 * What each may be: alternatives joined with |, each a literal, one of KINDS, or [a list of one]. `any` is for any name but those that
 * reach a prototype. An array: a list of such objects.
 * @type {Spec}
 */
export const OPTIONS = {
  token_endpoint: ENDPOINT,
  issuer: ENDPOINT,
  revocation_endpoint: ENDPOINT,
  client_id: "a string",
  client_secret: "a string|a function",
  clientAuth: "none|client_secret_basic|client_secret_post|a function",
  basicEncoding: "rfc6749|percent|raw",
  dpop: "dpop() of oauth-refresher/dpop",
  scope: "a string|",
  resource: "an absolute URI|[an absolute URI]",
  audience: "a string",
  parameters: { any: "a string|a function" },
  headers: { any: "a string|a function" },
  request: {
    method: "POST|GET|PATCH|PUT",
    body: "form|json|string|query|none",
    names: { any: "a string|null" },
    place: { any: "body|query|header|path" },
    grant_type: "a string",
    basic: { username: "client_id|client_secret", password: "client_id|client_secret|" },
    scopeSeparator: "a string",
    templates: { any: "a string" },
    check: { any: "int32|uuid|url|json" },
  },
  response: {
    format: "json|form|string|auto",
    root: "a string",
    names: { any: "a string", refresh_token: "a string|null" },
    expiry: {
      in: "seconds|milliseconds|unix_seconds|unix_milliseconds|iso8601",
      name: "a string",
      defaultSeconds: "a finite number",
    },
    token_type: "a string",
    tokenTypes: { any: "a string" },
    scopeSeparator: "a string",
    errorWhen: [SIGN],
    extendedWhen: [SIGN],
    error: "a string",
    error_description: "a string",
    errors: { any: CODES },
    successStatus: ["a finite number"],
  },
  refreshAheadSeconds: "a finite number",
  background: "auto|always|never",
  keepAliveSeconds: "a finite number above 0",
  reuse: "never|always|until-successor-used|{ graceSeconds: number }",
  endsWhen: ["a string"],
  storage: "an object with load() and save()",
  tokens: "an object",
  lock: "auto|none|a function",
  fetch: "a function",
  timeoutSeconds: "a finite number above 0",
  retries: "a whole number",
  origins: ["an https origin without a path"],
  isTokenRejected: "a function",
  transport: "a function",
  waitUntil: "a function",
  allowInsecureRequests: "true|false",
  identityCheck: "subject|strict|off",
  keepRejectedResponse: "true|false",
  trace: "a function",
};

const PROTOTYPE = /^(__proto__|constructor|prototype)$/;

/** @type {Record<string, (value: any, insecure?: boolean) => unknown>} */
const KINDS = {
  anything: () => true,
  null: (v) => v === null,
  "a string": (v) => isString(v) && v,
  "a function": (v) => isFunction(v),
  "an object": (v) => isObject(v),
  "dpop() of oauth-refresher/dpop": (v) => isFunction(v?.heard),
  "an object with load() and save()": (v) => isFunction(v?.load) && isFunction(v.save),
  "a finite number": (v) => Number.isFinite(v) && v >= 0,
  "a finite number above 0": (v) => Number.isFinite(v) && v > 0,
  "a whole number": (v) => Number.isInteger(v) && v >= 0,
  "{ graceSeconds: number }": (v) => isObject(v) && KINDS["a finite number"](v.graceSeconds),
  "an absolute URI": (v) => parsed(v) && !v.includes("#"), // RFC 8707 §2
  true: (v) => v === true,
  false: (v) => v === false,
  [ENDPOINT]: (v, insecure) => {
    const { protocol, hostname, username, password } = parsed(v) || {};
    // Browsers resolve names under .localhost to loopback; other platforms ask the DNS.
    const mayBePlain =
      insecure ||
      /^(localhost|127\.\d+\.\d+\.\d+|\[::1])$/.test(hostname) ||
      (/\.localhost$/.test(hostname) && globalThis.location);
    const isSent = protocol == "https:" || (protocol == "http:" && mayBePlain);
    return isSent && !username && !password && !v.includes("#");
  },
  "an https origin without a path": (v, insecure) =>
    KINDS[ENDPOINT](v, insecure) && !v.includes("*") && parsed(v).origin == v,
  "a valid int32": (v) => /^-?\d+$/.test(v) && v == (v | 0),
  "a valid uuid": (v) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(v),
  "a valid url": (v) => parsed(v),
  "a valid json": (v) => {
    try {
      return [JSON.parse(v)];
    } catch {}
  },
};

/** @param {string | Spec | [string | Spec]} spec @param {any} value @param {string} path @param {boolean} [insecure] */
function check(spec, value, path, insecure) {
  if (Array.isArray(spec)) {
    if (!Array.isArray(value)) fail(`${path} must be a list (given: ${typeOf(value)})`);
    value.forEach((item, i) => check(spec[0], item, `${path}[${i}]`, insecure));
    return;
  }
  const kinds = isString(spec) ? spec.split("|") : ["an object"];
  if (!kinds.some((kind) => fits(kind, value, insecure)))
    fail(`${path} must be ${kinds.join(" or ")} (given: ${typeOf(value)})`);
  if (isString(spec)) return;
  for (const name of Object.keys(value)) {
    const here = path == "options" ? name : `${path}.${name}`;
    const member = Object.hasOwn(spec, name) ? spec[name] : !PROTOTYPE.test(name) && spec.any;
    if (!member) fail(`${here} is no option${guess(name, Object.keys(spec))}`);
    if (spec.any || value[name] !== undefined) check(member, value[name], here, insecure);
  }
  if (spec == SIGN) check("a string", value.path, path + ".path");
}

/** @param {string} kind @param {any} value @param {boolean} [insecure] @returns {unknown} */
function fits(kind, value, insecure) {
  if (kind[0] == "[") return Array.isArray(value) && value.every((v) => fits(kind.slice(1, -1), v, insecure));
  return value === kind || KINDS[kind]?.(value, insecure);
}

/** @param {string} name @param {string[]} known */
function guess(name, known) {
  const near = known.find((other) => isNear(name, other, 1)) ?? known.find((other) => isNear(name, other, 2));
  return near ? `: did you mean \`${near}\`?` : "";
}

/** Levenshtein's distance is `edits` at most. @param {string} a @param {string} b @param {number} edits @returns {unknown} */
const isNear = (a, b, edits) =>
  a == b ||
  (a && a[0] == b[0]
    ? isNear(a.slice(1), b.slice(1), edits)
    : edits && [0, 1, 2].some((i) => isNear(a.slice(+(i > 0)), b.slice(+(i < 2)), edits - 1)));

/** @param {unknown} value */
export const typeOf = (value) => ({}).toString.call(value).slice(8, -1).toLowerCase();

/** A plain object: Headers, a Map or an array would pass for an empty one. @param {unknown} value */
const isObject = (value) => typeOf(value) == "object";

/** @param {unknown} value @returns {value is string} */
const isString = (value) => typeof value == "string";

/** @param {unknown} value */
const isFunction = (value) => typeof value == "function";

/** @param {string} value @returns {any} */
function parsed(value) {
  try {
    return isString(value) && new URL(value);
  } catch {}
}

/** @param {string} message @returns {never} */
function fail(message) {
  throw new TypeError(message);
}
