// @ts-check
// What an SDK has found out about a server: which authorization server, which client, which resource. RFC 9728, RFC 8414, RFC 7591 and
// RFC 8707 are the SDK's work; here its results become the options of a refresher, and the key of a session.

/** @import { RefresherOptions } from "../index.js" */
/** @import { McpClientInformation, McpDiscoveryState, McpProvider } from "./index.js" */

/**
 * @typedef {object} Facts
 * @property {string} issuer  As the SDKs stamp it.
 * @property {string} authorizationServerUrl  What the metadata was fetched from.
 * @property {McpClientInformation} client
 * @property {NonNullable<McpDiscoveryState["authorizationServerMetadata"]>} metadata
 * @property {string | undefined} resource
 */

/**
 * Nothing, until a discovery and a registration are known that belong together. Nothing is asked of the network.
 * @param {McpProvider} provider @param {URL} serverUrl @param {McpDiscoveryState | undefined} told  By the SDK, in this process.
 * @returns {Promise<Facts | undefined>}
 */
export async function readFacts(provider, serverUrl, told) {
  const state = (await provider.discoveryState?.()) ?? told;
  if (!state?.authorizationServerUrl) return;
  const authorizationServerUrl = String(state.authorizationServerUrl);
  const isTold = told && isSame(told.authorizationServerUrl, authorizationServerUrl);
  // without metadata: the SDK found none, or has not looked yet
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

/** As the SDKs select it: what the author's function says, else the resource of the metadata, as it is written there. @param {McpProvider} provider @param {URL} serverUrl @param {McpDiscoveryState} state */
async function resourceOf(provider, serverUrl, { resourceMetadata }) {
  if (!provider.validateResourceURL) return resourceMetadata?.resource;
  return (await provider.validateResourceURL(serverUrl, resourceMetadata?.resource))?.href;
}

/**
 * The endpoints of a metadata document, or where the SDKs look without one.
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

/** Whether a stamp names that authorization server: SDK 1 stamps the URL that discovery used, SDK 2 the issuer of the metadata. @param {Facts} facts @param {unknown} stamp */
export const isOf = ({ issuer, authorizationServerUrl }, stamp) =>
  typeof stamp != "string" || isSame(stamp, issuer) || isSame(stamp, authorizationServerUrl);

/**
 * How the refresher asks: as the SDK did at the code exchange.
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
    // asked for at each request: one that was rotated is sent at once
    const client_secret = async () =>
      (await provider.clientInformation({ issuer }))?.client_secret ??
      /** @type {string} */ (client.client_secret);
    // the SDKs write id and secret into the header as they are
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
 * Names the session of one server, authorization server, client and resource; no secret. The metadata's own `issuer` is not part of it: SDK 1
 * does not check that a document belongs to the place it came from, so that it could name another server's.
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

/** Two names of one authorization server: parsed, and but for one slash at the end, as the SDKs compare them. @param {string | URL | undefined} a @param {string | URL} b */
export const isSame = (a, b) => a !== undefined && bare(a) === bare(b);

/** @param {string | URL} url */
function bare(url) {
  const text = URL.canParse(url) ? new URL(url).href : String(url);
  return text.endsWith("/") ? text.slice(0, -1) : text;
}
