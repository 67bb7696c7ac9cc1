// @ts-check
import { asGiven, typeOf } from "./given.js";
import { ENDPOINT, MESSAGES } from "./messages.js";

/** @import { Lock, RefresherOptions } from "../index.js" */
/** @typedef {{ [name: string]: string | Spec | [string | Spec] }} Spec  The kinds of an object's members. */

/**
 * The options with their defaults, or a TypeError that names the option, what to write, and what was given. Undefined and an empty scope
 * (RFC 6749 §3.2) count as absent.
 * @param {unknown} given
 */
export function checkOptions(given) {
  const { allowInsecureRequests } = /** @type {RefresherOptions} */ (given ?? {});
  check(OPTIONS, given, "options", allowInsecureRequests);
  /** @type {any} */
  const options = { ...DEFAULTS };
  for (const [name, value] of Object.entries(/** @type {{}} */ (given)))
    if (value !== undefined && (value || name != "scope")) options[name] = value;
  // Without `clientAuth`, the issuer's metadata says how the secret is sent.
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

/** Checks across options: one is missing, or two exclude each other. @param {Record<string, any>} options */
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

  // An empty object means no tokens.
  if (Object.keys(options.tokens ?? {})[0]) checkReply(options.tokens, options);
  if (!options.token_endpoint && !options.issuer) missing("token_endpoint", "write its URL, or the issuer");
  // RFC 6749 §2.3: at most one method of client authentication per request
  const sent = /basic/.test(auth) ? Object.values({ ...CREDENTIALS, ...request.basic }).join() : auth;
  if (client_secret && !/secret/.test(auth)) contradict("client_secret");
  for (const [name, given] of Object.entries({ client_secret, client_id }))
    if (!given && sent.includes(name)) missing(name, auth + " needs it");
  for (const name in { ...headers, ...request.templates })
    if (/^authorization$/i.test(name) && clientAuth != "none") contradict("headers." + name);

  // RFC 6749 §3.2: each parameter at most once
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
}

/**
 * Checks a login's reply. With `response`, only the core knows where its tokens are. `expires_at` is checked because the core would take
 * a time that it cannot read for an unknown lifetime.
 * @param {any} tokens @param {{ response?: unknown }} options
 */
export function checkReply(tokens, { response }) {
  // The error lists the reply's member names. A name with other characters may be a token.
  const path = ["tokens", ...Object.keys(Object(tokens))].filter((name) => /^[a-z_]+$/i.test(name));
  if (!response) check(REPLY, tokens, path.join(" "));
  check(TIME, tokens?.expires_at ?? 0, "tokens.expires_at");
}

/** Defaults of options that a driver reads; the core has the others. */
const DEFAULTS = {
  background: /** @type {"auto" | "always" | "never"} */ ("auto"),
  lock: /** @type {Lock | "auto" | "none"} */ ("auto"),
  timeoutSeconds: 30,
};

/** RFC 6749 §2.3.1. */
const CREDENTIALS = { username: "client_id", password: "client_secret" };

const SECONDS = "a finite number above 0, 3600 at most";
/** RFC 6749 §5.1. */
const REPLY = "the token endpoint's reply, with a non-empty access_token or refresh_token";

/** The options of a call. */
export const LOAD = { signal: "an AbortSignal|null" };
export const REFRESH = { ...LOAD, timeoutSeconds: SECONDS };
export const DEMAND = { ...REFRESH, minValiditySeconds: "a finite number from 0", rejected: "a string" };

const CODES = Object.keys(MESSAGES).join("|");
/** @type {Spec} */
const SIGN = { path: "a string", is: "anything", isNot: "anything", includes: "a string", means: CODES };

/**
 * The allowed kinds: alternatives joined by |, each a literal, one of KINDS, or [a list of one]. `any` stands for any name except those
 * that reach a prototype. An array: a list of such objects.
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
  scope: "a string|empty",
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
    basic: { username: "client_id|client_secret", password: "client_id|client_secret|empty" },
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
      defaultSeconds: "a finite number from 0",
    },
    token_type: "a string",
    tokenTypes: { any: "a string" },
    scopeSeparator: "a string",
    errorWhen: [SIGN],
    extendedWhen: [SIGN],
    error: "a string",
    error_description: "a string",
    errors: { any: CODES },
    successStatus: ["a finite number from 0"],
  },
  refreshAheadSeconds: "a finite number from 0",
  background: "auto|always|never",
  keepAliveSeconds: "a finite number above 0",
  reuse: "never|always|until-successor-used|{ graceSeconds: number }",
  endsWhen: ["a string"],
  storage: "an object with load() and save()",
  tokens: "an object",
  lock: "auto|none|a function",
  fetch: "a function",
  timeoutSeconds: SECONDS,
  retries: "a whole number",
  origins: ["an https origin without a path"],
  isTokenRejected: "a function",
  transport: "a function",
  waitUntil: "a function",
  allowInsecureRequests: "true or false",
  identityCheck: "subject|strict|off",
  keepRejectedResponse: "true or false",
  trace: "a function",
};

const PROTOTYPE = /^(__proto__|constructor|prototype)$/;
const TIME = "Unix seconds or an ISO date";

/** Matches the path of an option whose value no error may contain. */
export const SECRETS = /_secret|tokens|param|headers|templ|rejected|basic/;

/** @type {Record<string, (value: any, insecure?: boolean) => unknown>} */
const KINDS = {
  anything: () => true,
  null: (v) => v === null,
  "a string": (v) => isString(v) && v,
  empty: (v) => v === "",
  "a function": (v) => isFunction(v),
  "an object": (v) => isObject(v),
  "dpop() of oauth-refresher/dpop": (v) => isFunction(v?.heard),
  "an object with load() and save()": (v) => isFunction(v?.load) && isFunction(v.save),
  "a finite number from 0": (v) => Number.isFinite(v) && v >= 0,
  "a finite number above 0": (v) => Number.isFinite(v) && v > 0,
  [SECONDS]: (v) => KINDS["a finite number above 0"](v) && v <= 3600,
  [REPLY]: (v) =>
    [v?.access_token ?? v?.refresh_token, v?.refresh_token ?? v?.access_token].every((v) => isString(v) && v),
  "a list": Array.isArray,
  "an AbortSignal": (v) => isFunction(v?.addEventListener),
  "a whole number": (v) => Number.isInteger(v) && v >= 0,
  "{ graceSeconds: number }": (v) =>
    isObject(v) && !check("a finite number from 0", v.graceSeconds, "reuse.graceSeconds"),
  // One, or a list of them. RFC 8707 §2
  "an absolute URI": (v) => [v].flat().every((v) => parsed(v) && !v.includes("#")),
  "true or false": (v) => v === !!v,
  [TIME]: (v) =>
    +new Date(+v || v) < 1e14 && /^"?\d+(\.\d+|-.+[T ].+:.+:[^a-y]+)?"?$/i.test(JSON.stringify(v)),
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
};

/** Whether tokens may be sent to a URL; the second argument allows plain http. */
export const isEndpoint = KINDS[ENDPOINT];

/** @param {string | Spec | [string | Spec]} spec @param {any} value @param {string} [path] @param {boolean} [insecure] */
export function check(spec, value, path = "options", insecure) {
  const isList = Array.isArray(spec);
  const kinds = isString(spec) ? spec.split("|") : [isList ? "a list" : "an object"];
  if (!kinds.some((kind) => (KINDS[kind] ? KINDS[kind](value, insecure) : value === kind)))
    fail(`${path} must be ${kinds.join(" or ")} ${asGiven(value, SECRETS.test(path))}`);
  if (isString(spec)) return;
  if (isList)
    return value.forEach((/** @type {any} */ v, /** @type {any} */ i) =>
      check(spec[0], v, `${path}[${i}]`, insecure),
    );
  for (const name of Object.keys(value)) {
    const here = path == "options" ? name : `${path}.${name}`;
    const member = Object.hasOwn(spec, name) ? spec[name] : !PROTOTYPE.test(name) && spec.any;
    if (!member) fail(`${here} is no option: write one of ${alike(name, Object.keys(spec))}`);
    if (spec.any || value[name] !== undefined) check(member, value[name], here, insecure);
  }
  if (spec == SIGN) check("a string", value.path, path + ".path");
}

/** The known names with the same beginning, else all. @param {string} name @param {string[]} known */
function alike(name, known) {
  const near = known.filter((other) => other.startsWith(name.slice(0, 3)));
  return (near[0] ? near : known).join(", ");
}

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
