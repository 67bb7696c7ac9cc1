// @ts-check
import { discover } from "./discovery.js";
import { checkFormat } from "./options.js";

/** @import { RefresherOptions, Value } from "../index.js" */
/** @import { HttpRequest } from "./ports/http.js" */

/** @typedef {{ http: HttpRequest, secrets: string[] }} Request */
/** Builds a request from values, in the core: JSON text in and out. @typedef {(values: string) => string} Build */

/**
 * What the core's requests need from outside: the endpoints, values that are asked for at each attempt, and authentication that
 * only a function can give.
 * @param {RefresherOptions} options
 */
export function requests(options) {
  /** @type {{ token_endpoint?: string, revocation_endpoint?: string } | undefined} */
  let metadata;

  /** @param {typeof fetch} fetch @param {"token_endpoint" | "revocation_endpoint"} name */
  async function endpoint(fetch, name) {
    if (options[name] || !options.issuer) return options[name];
    metadata ??= await discover(fetch, options.issuer, options.timeoutSeconds ?? 30);
    return metadata[name];
  }

  /** @param {string} url @param {Build} build @param {string} [refresh_token] @returns {Promise<Request>} */
  async function built(url, build, refresh_token) {
    const values = await resolveValues(options, url);
    const request = JSON.parse(build(JSON.stringify({ ...values, refresh_token })));
    if (request.wanted) throw new TypeError(`${request.name} must be ${request.wanted}`);
    const http = await authenticated(request, options);
    const secrets = [
      values.client_secret,
      ...Object.values(values.headers),
      ...Object.values(http.headers),
      http.body,
    ];
    return { http, secrets: /** @type {string[]} */ (secrets.filter(Boolean)) };
  }

  return {
    /** @param {typeof fetch} fetch @param {Build} build */
    async refresh(fetch, build) {
      const request = await built(/** @type {string} */ (await endpoint(fetch, "token_endpoint")), build);
      const { http, secrets } = request;
      if (options.dpop) secrets.push((http.headers.dpop = await options.dpop.proof(http)));
      return request;
    },

    /** Nothing, where nobody said how to revoke. @param {typeof fetch} fetch @param {Build} build @param {string} refresh_token */
    async revocation(fetch, build, refresh_token) {
      const url = await endpoint(fetch, "revocation_endpoint");
      return url ? built(url, build, refresh_token) : undefined;
    },
  };
}

/**
 * Whoever gave a function is asked now, so that a rotated secret or a fresh request id is sent.
 * @param {RefresherOptions} options @param {string} endpoint
 */
async function resolveValues({ client_secret, parameters, headers, request }, endpoint) {
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
    client_secret: client_secret && (await valueOf(client_secret)),
    parameters: await resolved(parameters),
    headers: await resolved(headers),
  };
}

/**
 * Lets a ClientAuth function add what it must, in terms of the web's own objects.
 * @param {HttpRequest} request @param {RefresherOptions} options
 * @returns {Promise<HttpRequest>}
 */
async function authenticated(request, { clientAuth, client_id, issuer }) {
  if (typeof clientAuth != "function") return request;
  const { url, body = "" } = request;
  const headers = new Headers(request.headers);
  const isJson = body.startsWith("{");
  const parameters = new URLSearchParams(isJson ? JSON.parse(body) : body);
  await clientAuth({ url, headers, parameters, ...(client_id && { client_id }), ...(issuer && { issuer }) });
  const text = isJson ? JSON.stringify(Object.fromEntries(parameters)) : String(parameters);
  return {
    ...request,
    headers: Object.fromEntries(headers),
    ...(request.body !== undefined && { body: text }),
  };
}

/** @param {Value | undefined} value @returns {Promise<string>} */
async function valueOf(value) {
  const text = typeof value == "function" ? await value() : value;
  if (typeof text != "string")
    throw new TypeError(`a value function must give a string (given: ${typeof text})`);
  return text;
}
