// @ts-check
// What the SDK's discovery (RFC 9728, RFC 8414) has said, and which of its requests are answered here.
import { RefreshError } from "../lib/error.js";
import { endpointsOf } from "./facts.js";
import { reply } from "./wire.js";

/** @import { McpDiscoveryState, McpProvider } from "./index.js" */

export class Discovery {
  #provider;
  #serverUrl;
  /** What the SDK said last in this process. @type {McpDiscoveryState | undefined} */
  told;
  /** What it or the author's provider said last. @type {McpDiscoveryState | undefined} */
  #seen;
  /** The resource's metadata, which the SDK shall ask for. @type {McpDiscoveryState["resourceMetadata"]} */
  #keptBack;
  /** The resource's metadata could not be read: that there is none is not known. */
  #isResourceAway = false;

  /** @param {McpProvider} provider @param {URL} serverUrl */
  constructor(provider, serverUrl) {
    this.#provider = provider;
    this.#serverUrl = serverUrl;
  }

  /**
   * What the SDK begins its `auth()` with.
   * @param {{ isLoggingIn: boolean, isOwn: boolean }} when  isOwn: no request of the SDK's led to this one.
   */
  async state({ isLoggingIn, isOwn }) {
    const state = await this.#provider.discoveryState?.();
    this.#seen = state ?? this.#seen;
    // without the author's own hooks a login ends where it began: at the authorization server that it was sent to
    const known = state ?? (isLoggingIn ? this.told : undefined);
    if (!known?.resourceMetadata || !isOwn) return known;
    const { resourceMetadata, ...rest } = known;
    this.#keptBack = resourceMetadata;
    return rest;
  }

  /** @param {McpDiscoveryState} state */
  learn(state) {
    // the SDKs go on without the resource's metadata, to another session
    if (!state.resourceMetadata && this.#isResourceAway) throw new RefreshError({ code: "unavailable" });
    this.told = this.#seen = state;
  }

  /** The reply, if it is what was kept back. @param {URL} url */
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

  /** Whether a request is to the MCP server and not to the authorization server beside it. @param {URL} url @param {RequestInit} init */
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

  /** RFC 9728 §3, or where a challenge of the server said (§5.1). @param {URL} url */
  #isOfResource({ pathname, href }) {
    return (
      pathname.includes("/.well-known/oauth-protected-resource") || href === this.#seen?.resourceMetadataUrl
    );
  }
}
