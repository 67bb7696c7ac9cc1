// @ts-check
import { discover } from "./discovery.js";
import { checkFormat } from "./options.js";

/** @import { ClientAuth, RefresherOptions, TokenSet, Value } from "../index.js" */
/** @import { HttpReply, HttpRequest } from "./ports/http.js" */

/**
 * @typedef {object} Request
 * @property {HttpRequest} http
 * @property {unknown} key  Another attempt with the same one would say the same of the client.
 * @property {unknown} [said]  What a ClientAuth function answered: its own business at the next attempt.
 */
/** A request whose authentication the server refused. @typedef {Request & { reply: HttpReply }} Refused */
/** Builds a request from values, in the core: JSON text in and out. @typedef {(values: string) => string} Build */

/**
 * What the core's requests need from outside: the endpoints, values that are asked for at each attempt, and authentication that
 * only a function can give.
 * @param {RefresherOptions} options @param {(secrets: unknown[]) => void} learn
 */
export function requests(options, learn) {
  const { clientAuth, isAuthOpen, client_id, issuer } = /** @type {any} */ (options);
  /** @type {Record<string, any> | undefined} */
  let metadata;
  /** @type {Parameters<ClientAuth>[0]["lastReply"]} */
  let lastReply;

  /** @param {typeof fetch} fetch @param {"token_endpoint" | "revocation_endpoint"} name @returns {Promise<any>} */
  async function endpoint(fetch, name) {
    if (options[name] || !issuer) return options[name];
    metadata ??= await discover(fetch, issuer, options.timeoutSeconds ?? 30);
    // RFC 8705 §5: where the server asks for a certificate
    return (clientAuth.aliased && metadata.mtls_endpoint_aliases?.[name]) || metadata[name];
  }

  /**
   * Nothing, where the server refused the same of the client already.
   * @param {string} url @param {Build} build @param {Refused} [refused] @param {string} [refresh_token] @param {TokenSet | null} [tokens]
   * @returns {Promise<Request | undefined>}
   */
  async function built(url, build, refused, refresh_token, tokens) {
    /** @type {Awaited<ReturnType<typeof resolveValues>> & { clientAuth?: string }} */
    const values = await resolveValues(options, url, refresh_token);
    if (!refresh_token) Object.assign(values.parameters, filled(options.request?.templates, tokens));
    // RFC 8414 §2: what is not said is client_secret_basic
    const known = metadata?.token_endpoint_auth_methods_supported;
    if (isAuthOpen && /_post/.test(known) && !/_basic/.test(known)) values.clientAuth = "client_secret_post";
    const request = () => {
      const http = JSON.parse(build(JSON.stringify(values)));
      if (http.wanted) throw new TypeError(`${http.name} must be ${http.wanted}`);
      learn([values.client_secret, ...Object.values({ ...values.parameters, ...http.headers })]);
      return http;
    };
    let http = request();
    /** @param {unknown} key @param {unknown} [said] */
    const made = (key, said) => (refused && refused.key === key ? undefined : { http, key, said });
    if (typeof clientAuth != "function") return made(values.client_secret);
    // What it adds goes where the shape of the request wants it.
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
    /**
     * After a refusal: nothing, where nothing else can be said of the client.
     * @param {typeof fetch} fetch @param {Build} build @param {TokenSet | null} tokens @param {Refused} [refused]
     */
    async refresh(fetch, build, tokens, refused) {
      const url = await endpoint(fetch, "token_endpoint");
      const request = await built(url, build, refused, undefined, tokens).catch((error) => {
        if (!refused) throw error;
      });
      if (options.dpop && request)
        learn([(request.http.headers.dpop = await options.dpop.proof(request.http))]);
      return request;
    },

    /**
     * The server replied. What the same request, made anew, may do better at once: a proof that was refused for its time, or
     * what functions say of the client (a secret was rotated, an assertion's clock is wrong, an attestation lacks the challenge).
     * @param {HttpRequest} http @param {HttpReply} reply
     */
    heard(http, reply) {
      const { status, headers, body = "" } = reply;
      const [, error = ""] = /"error"\s*:\s*"([^"]+)/.exec(body) ?? [];
      lastReply = { status, headers, error };
      if (/** @type {any} */ (options.dpop)?.heard(http, reply)) return "proof";
      return /^(invalid_client|use_(attestation_challenge|fresh_attestation)$)/.test(error) && "client";
    },

    /**
     * Nothing, where nobody said how to revoke.
     * @param {typeof fetch} fetch @param {Build} build @param {string} refresh_token @param {Refused} [refused]
     */
    async revocation(fetch, build, refresh_token, refused) {
      const url = await endpoint(fetch, "revocation_endpoint");
      return url && built(url, build, refused, refresh_token);
    },
  };
}

/**
 * Whoever gave a function is asked now, so that a rotated secret or a fresh request id is sent. Further parameters are the token
 * endpoint's.
 * @param {RefresherOptions} options @param {string} endpoint @param {string} [refresh_token]  To be revoked.
 */
async function resolveValues({ client_secret, parameters, headers, request }, endpoint, refresh_token) {
  /** @param {Record<string, Value>} [given] */
  const resolved = async (given = {}) => {
    /** @type {Record<string, string>} */
    const values = {};
    for (const name in given) {
      const value = await valueOf(given[name]);
      const format = request?.check?.[name];
      if (format) checkFormat(format, value, name);
      values[name] = value;
    }
    return values;
  };
  return {
    endpoint,
    refresh_token,
    client_secret: client_secret && (await valueOf(client_secret)),
    parameters: await resolved(refresh_token ? {} : parameters),
    headers: await resolved(headers),
  };
}

/**
 * What is made anew for each request: `{uuid}`, the time, and what the server said before.
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
