// @ts-check
// The results of the SDK's discovery (RFC 9728, RFC 8414), and those of its requests that are answered here.
import { RefreshError } from "../lib/error.js";
import { endpointsOf } from "./facts.js";
import { reply } from "./wire.js";

/** @import { McpDiscoveryState, McpProvider } from "./index.js" */

export class Discovery {
  #provider;
  #serverUrl;
  /** The SDK's last discovery in this process. @type {McpDiscoveryState | undefined} */
  told;
  /** The last discovery of the SDK or the provider. @type {McpDiscoveryState | undefined} */
  #seen;
  /** The resource's metadata, withheld so that the SDK requests it. @type {McpDiscoveryState["resourceMetadata"]} */
  #keptBack;
  /** The request for the resource's metadata failed, so it is unknown whether there is any. */
  #isResourceAway = false;

  /** @param {McpProvider} provider @param {URL} serverUrl */
  constructor(provider, serverUrl) {
    this.#provider = provider;
    this.#serverUrl = serverUrl;
  }

  /**
   * The state with which the SDK begins `auth()`.
   * @param {{ isLoggingIn: boolean, isOwn: boolean }} when  isOwn: the application called `auth()` itself.
   */
  async state({ isLoggingIn, isOwn }) {
    const state = await this.#provider.discoveryState?.();
    this.#seen = state ?? this.#seen;
    // Without the provider's hooks, a login continues at the authorization server where it began.
    const known = state ?? (isLoggingIn ? this.told : undefined);
    if (!known?.resourceMetadata || !isOwn) return known;
    const { resourceMetadata, ...rest } = known;
    this.#keptBack = resourceMetadata;
    return rest;
  }

  /** @param {McpDiscoveryState} state */
  learn(state) {
    // Without the resource's metadata, the SDKs would continue with another session.
    if (!state.resourceMetadata && this.#isResourceAway) throw new RefreshError({ code: "unavailable" });
    this.told = this.#seen = state;
  }

  /** The reply with the withheld metadata, if that is requested. @param {URL} url */
  known(url) {
    const metadata = this.#keptBack;
    if (!metadata || !this.#isOfResource(url)) return;
    this.#keptBack = undefined;
    return reply(200, metadata);
  }

  /** @param {URL} url @param {Promise<Response>} sent */
  async watched(url, sent) {
    const isResource = this.#isOfResource(url);
    if (isResource) this.#isResourceAway = true;
    const response = await sent;
    if (isResource) this.#isResourceAway = response.status == 429 || response.status >= 500;
    return response;
  }

  /** Whether a request is for the MCP server, not for an authorization server on the same origin. @param {URL} url @param {RequestInit} init */
  isServer(url, { body }) {
    const { origin, pathname, href } = url;
    if (href === this.#serverUrl.href) return true;
    if (origin !== this.#serverUrl.origin || pathname.includes("/.well-known/")) return false;
    if (this.#isOfResource(url)) return false;
    const { authorizationServerUrl, authorizationServerMetadata = {} } = this.#seen ?? {};
    if (!authorizationServerUrl) return !(body instanceof URLSearchParams);
    const endpoints = endpointsOf(String(authorizationServerUrl), authorizationServerMetadata);
    return !Object.values(endpoints).includes(href);
  }

  /** Whether a URL is the resource's metadata: by RFC 9728 §3, or named by a challenge (§5.1). @param {URL} url */
  #isOfResource({ pathname, href }) {
    return (
      pathname.includes("/.well-known/oauth-protected-resource") || href === this.#seen?.resourceMetadataUrl
    );
  }
}
