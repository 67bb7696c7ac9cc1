// @ts-check
import { discover } from "./discovery.js";

/** @import { ClientAuth, RefresherOptions, TokenSet, Value } from "../index.js" */
/** @import { Heard, Question } from "./door.js" */
/** @import { HttpReply, HttpRequest } from "./ports/http.js" */
/** @import { Tools } from "./wire.js" */

/**
 * @typedef {object} Request
 * @property {HttpRequest} http
 * @property {unknown} key  Identifies the client authentication: equal keys mean that a retry would send the same.
 * @property {unknown} [said]  The result of a ClientAuth function, passed back to it at the next attempt.
 */
/** A request whose authentication the server refused. @typedef {Request & { reply: HttpReply }} Refused */
/** Asks the core. @typedef {(question: Question, details: unknown) => any} Ask */

/**
 * Builds the core's requests with what only the driver has: discovered endpoints, values of functions, and a ClientAuth function.
 * @param {RefresherOptions} options @param {(secrets: object) => void} learn @param {Tools} tools
 */
export function requests(options, learn, tools) {
  const { clientAuth, isAuthOpen, client_id, issuer } = /** @type {any} */ (options);
  /** @type {Record<string, any> | undefined} */
  let metadata;
  /** @type {Parameters<ClientAuth>[0]["lastReply"]} */
  let lastReply;

  /** @param {typeof fetch} fetch @param {"token_endpoint" | "revocation_endpoint"} name @returns {Promise<any>} */
  async function endpoint(fetch, name) {
    if (options[name] || !issuer) return options[name];
    // Two URLs are requested, and the token request has to fit into the same time.
    metadata ??= await discover(
      fetch,
      issuer,
      tools,
      /** @type {number} */ (options.timeoutSeconds) / 3,
      options.allowInsecureRequests,
    );
    // RFC 8705 §5: the endpoints for mutual TLS
    return (clientAuth.aliased && metadata.mtls_endpoint_aliases?.[name]) || metadata[name];
  }

  /**
   * Undefined if the server has just refused the same client authentication.
   * @param {string} url @param {Ask} ask @param {Refused} [refused] @param {string} [refresh_token] @param {TokenSet | null} [tokens]
   * @returns {Promise<Request | undefined>}
   */
  async function built(url, ask, refused, refresh_token, tokens) {
    /** @type {Awaited<ReturnType<typeof resolveValues>> & { clientAuth?: string }} */
    const values = await resolveValues(options, learn, url, refresh_token);
    if (!refresh_token) Object.assign(values.parameters, filled(options.request?.templates, tokens));
    // RFC 8414 §2: the default is client_secret_basic.
    const known = metadata?.token_endpoint_auth_methods_supported;
    if (isAuthOpen && /_post/.test(known) && !/_basic/.test(known)) values.clientAuth = "client_secret_post";
    const request = () => {
      const http = ask(refresh_token ? "revocation" : "request", values);
      if (http.wanted) throw new TypeError(`${http.name} must be ${http.wanted}`);
      learn({ client_secret: values.client_secret, ...values.parameters, ...http.headers });
      return http;
    };
    let http = request();
    /** @param {unknown} key @param {unknown} [said] */
    const made = (key, said) => (refused && refused.key === key ? undefined : { http, key, said });
    if (typeof clientAuth != "function") return made(values.client_secret);
    // Parameters that it adds are placed by `request`.
    const { body = "" } = http;
    const form = new URLSearchParams(body[0] == "{" ? JSON.parse(body) : body);
    const parameters = new URLSearchParams(form);
    const headers = new Headers(http.headers);
    const said = await clientAuth({ url, headers, parameters, client_id, issuer, lastReply, refused });
    for (const [name, value] of parameters) if (!form.has(name)) values.parameters[name] = value;
    values.headers = Object.fromEntries(headers);
    http = request();
    return made(JSON.stringify(http), said);
  }

  return {
    tools,

    /** Whether another attempt may say something else of the client: nothing is asked of a reply otherwise, which is read once then. */
    mends: options.dpop || clientAuth.call || /** @type {any} */ (options.client_secret)?.call,

    /**
     * After a refusal, undefined if the client has no other authentication.
     * @param {typeof fetch} fetch @param {Ask} ask @param {TokenSet | null} tokens @param {Refused} [refused]
     */
    async refresh(fetch, ask, tokens, refused) {
      const url = await endpoint(fetch, "token_endpoint");
      const request = await built(url, ask, refused, undefined, tokens).catch((error) => {
        if (!refused) throw error;
      });
      if (options.dpop && request)
        learn({ dpop: (request.http.headers.dpop = await options.dpop.proof(request.http)) });
      return request;
    },

    /**
     * The core's reading of a reply. A refused proof is retried only if the server's clock explains the refusal.
     * @param {Ask} ask @param {HttpRequest} http @param {HttpReply} reply @param {boolean} [can_prove]  For a revocation.
     * @returns {Heard}
     */
    heard(ask, http, { headers, ...reply }, can_prove) {
      const heard = ask("heard", { ...reply, now: Date.now(), can_prove });
      const { refused, error } = heard;
      lastReply = { status: reply.status, headers, error };
      const mended = /** @type {any} */ (options.dpop)?.heard(http, headers, refused);
      return { ...heard, refused: refused == "client" || mended ? refused : undefined };
    },

    /**
     * Undefined without a revocation endpoint.
     * @param {typeof fetch} fetch @param {Ask} ask @param {string} refresh_token @param {Refused} [refused]
     */
    async revocation(fetch, ask, refresh_token, refused) {
      const url = await endpoint(fetch, "revocation_endpoint");
      return url && built(url, ask, refused, refresh_token);
    },
  };
}

/**
 * Calls the options' functions for each attempt, so that a rotated secret or a new request id is sent. `parameters` are only for the
 * token endpoint.
 * @param {RefresherOptions} options @param {(secrets: object) => void} learn @param {string} endpoint @param {string} [refresh_token]  To be revoked.
 */
async function resolveValues({ client_secret, parameters, headers }, learn, endpoint, refresh_token) {
  /** An error of a function may quote a secret that is not known yet: redacts each word that may be one. @param {any} error */
  const failed = (error) => {
    for (const word of `${error?.message}`.match(/[^\s"'`:,;()]{12,}/g) ?? [])
      if (/\d/.test(word) && /[a-z]/i.test(word)) learn({ client_secret: word });
    throw error;
  };
  /** @param {Record<string, Value>} [given] */
  const resolved = async (given = {}) => {
    /** @type {Record<string, string>} */
    const values = {};
    for (const name in given) {
      values[name] = await valueOf(given[name]).catch(failed);
    }
    return values;
  };
  return {
    endpoint,
    refresh_token,
    client_secret: client_secret && (await valueOf(client_secret).catch(failed)),
    parameters: await resolved(refresh_token ? {} : parameters),
    headers: await resolved(headers),
  };
}

/**
 * Fills the slots of `request.templates`: `{uuid}`, the time, and members of the stored tokens.
 * @param {Record<string, string>} [templates] @param {TokenSet | null} [tokens]
 */
function filled(templates = {}, tokens) {
  const fill = (/** @type {string} */ _, /** @type {string} */ slot) => {
    if (slot == "uuid") return crypto.randomUUID();
    if (slot == "unix_milliseconds") return Date.now();
    if (slot == "unix_seconds") return Math.floor(Date.now() / 1000);
    /** @type {any} */
    let value = tokens;
    for (const name of slot.split(".")) value = value && Object.hasOwn(value, name) ? value[name] : "";
    if (/^(string|number)$/.test(typeof value) && value !== "") return value;
    throw new TypeError(`request.templates: the tokens that are stored have nothing for {${slot}}`);
  };
  return Object.fromEntries(
    Object.entries(templates).map(([name, text]) => [name, text.replace(/{(.*?)}/g, fill)]),
  );
}

/** @param {Value | undefined} value @returns {Promise<string>} */
async function valueOf(value) {
  const text = typeof value == "function" ? await value() : value;
  if (typeof text != "string")
    throw new TypeError(`a value function must give a string (given: ${typeof text})`);
  return text;
}
