// @ts-check
// The SDK's results about a server: authorization server, client and resource (RFC 9728, RFC 8414, RFC 7591, RFC 8707). They become the
// options of a refresher and the key of a session.

/** @import { RefresherOptions } from "../index.js" */
/** @import { McpClientInformation, McpDiscoveryState, McpProvider } from "./index.js" */

/**
 * @typedef {object} Facts
 * @property {string} issuer  As the SDKs stamp it.
 * @property {string} authorizationServerUrl  The URL by which the metadata was found.
 * @property {McpClientInformation} client
 * @property {NonNullable<McpDiscoveryState["authorizationServerMetadata"]>} metadata
 * @property {string | undefined} resource
 */

/**
 * Undefined until a discovery and a matching registration are known. Sends no request.
 * @param {McpProvider} provider @param {URL} serverUrl @param {McpDiscoveryState | undefined} told  The SDK's discovery in this process.
 * @returns {Promise<Facts | undefined>}
 */
export async function readFacts(provider, serverUrl, told) {
  const state = (await provider.discoveryState?.()) ?? told;
  if (!state?.authorizationServerUrl) return;
  const authorizationServerUrl = String(state.authorizationServerUrl);
  const isTold = told && isSame(told.authorizationServerUrl, authorizationServerUrl);
  // No metadata: the SDK found none, or has not searched yet.
  const metadata =
    state.authorizationServerMetadata ?? (isTold ? (told.authorizationServerMetadata ?? {}) : undefined);
  if (!metadata) return;
  const issuer = metadata.issuer ?? authorizationServerUrl;
  const client = await provider.clientInformation({ issuer });
  if (!client?.client_id) return;
  const facts = { issuer, authorizationServerUrl, client, metadata, resource: undefined };
  return isOf(facts, client.issuer)
    ? { ...facts, resource: await resourceOf(provider, serverUrl, state) }
    : undefined;
}

/** Selected as in the SDKs: by the provider's function, else the metadata's resource, unchanged. @param {McpProvider} provider @param {URL} serverUrl @param {McpDiscoveryState} state */
async function resourceOf(provider, serverUrl, { resourceMetadata }) {
  if (!provider.validateResourceURL) return resourceMetadata?.resource;
  return (await provider.validateResourceURL(serverUrl, resourceMetadata?.resource))?.href;
}

/**
 * The endpoints in the metadata, or the SDKs' defaults without it.
 * @param {string} authorizationServerUrl @param {Facts["metadata"]} metadata
 */
export function endpointsOf(authorizationServerUrl, metadata) {
  const at = (/** @type {string | undefined} */ given, /** @type {string} */ path) =>
    new URL(given ?? path, authorizationServerUrl).href;
  return {
    token: at(metadata.token_endpoint, "/token"),
    registration: at(metadata.registration_endpoint, "/register"),
  };
}

/** Whether a stamp names this authorization server: SDK 1 stamps the URL of the discovery, SDK 2 the metadata's issuer. @param {Facts} facts @param {unknown} stamp */
export const isOf = ({ issuer, authorizationServerUrl }, stamp) =>
  typeof stamp != "string" || isSame(stamp, issuer) || isSame(stamp, authorizationServerUrl);

/**
 * The refresher's options: it authenticates as the SDK did at the code exchange.
 * @param {McpProvider} provider @param {Facts} facts @returns {RefresherOptions}
 */
export function refresherOptions(provider, facts) {
  const { client, issuer, metadata, resource } = facts;
  const { revocation_endpoint } = metadata;
  return {
    token_endpoint: endpointsOf(facts.authorizationServerUrl, metadata).token,
    ...(revocation_endpoint && { revocation_endpoint }),
    client_id: client.client_id,
    ...(resource && { resource }),
    ...authentication(),
  };

  /** @returns {Partial<RefresherOptions>} */
  function authentication() {
    const method = methodOf(client, metadata.token_endpoint_auth_methods_supported ?? []);
    if (provider.addClientAuthentication)
      return {
        clientAuth: ({ url, headers, parameters }) =>
          provider.addClientAuthentication?.(headers, parameters, url, metadata),
      };
    if (method == "none" || !client.client_secret) return { clientAuth: "none" };
    // Read for each request, so that a rotated secret is used at once.
    const client_secret = async () =>
      (await provider.clientInformation({ issuer }))?.client_secret ??
      /** @type {string} */ (client.client_secret);
    // The SDKs do not encode id and secret in the header.
    return { clientAuth: method, client_secret, basicEncoding: "raw" };
  }
}

/** The SDKs' choice. @param {McpClientInformation} client @param {string[]} supported @returns {"none" | "client_secret_basic" | "client_secret_post"} */
function methodOf({ client_secret, token_endpoint_auth_method: registered }, supported) {
  const isKnown = (/** @type {string} */ method) => !supported.length || supported.includes(method);
  if (registered == "none" || registered == "client_secret_basic" || registered == "client_secret_post")
    if (isKnown(registered)) return registered;
  if (client_secret === undefined) return "none";
  if (isKnown("client_secret_basic")) return "client_secret_basic";
  if (isKnown("client_secret_post") || !isKnown("none")) return "client_secret_post";
  return "none";
}

/**
 * The key of a session: a fingerprint of server, authorization server, client and resource; no secret. The metadata's `issuer` is not part
 * of it, because SDK 1 does not verify it, so that it could name another server.
 * @param {URL} serverUrl @param {Facts} facts
 */
export async function keyOf(serverUrl, { authorizationServerUrl, client, resource = "" }) {
  const parts = [
    bare(serverUrl.href.replace(/#.*/, "")),
    bare(authorizationServerUrl),
    client.client_id,
    resource,
  ];
  const bytes = new TextEncoder().encode(JSON.stringify(parts));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Whether two URLs name the same authorization server. As in the SDKs, a final slash is ignored. @param {string | URL | undefined} a @param {string | URL} b */
export const isSame = (a, b) => a !== undefined && bare(a) === bare(b);

/** @param {string | URL} url */
function bare(url) {
  const text = URL.canParse(url) ? new URL(url).href : String(url);
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
