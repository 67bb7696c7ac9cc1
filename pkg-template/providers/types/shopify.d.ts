import type { RefresherOptions, Value } from "../../index.js";

/**
 * Shopify expiring offline tokens: `createRefresher({ ...shopify({ shop, client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://{shop}.myshopify.com/admin/oauth/access_token` by form, with client_id and client_secret beside
 *   it.
 * - Access tokens: 60 min. Refresh tokens: 90 d.
 * - Rotation: a new one each time; the old one works until the new one is used, 30 d at most.
 * - `reuse` is `"until-successor-used"`: a lost reply is retried.
 * - Refreshed every 30 days, also without a call.
 * - Not verified, from memory: errors of the client.
 * - Searched without success: shopify.dev: offline-access-tokens, use-expiring-offline-access-tokens.
 * - Source: shopify.dev/changelog: more-resilient-refreshes (2026-08-28), offline-access-tokens-now-support-expiry
 *   (2025-12-10); Shopify/hydrogen 2026.4.5 (3916); nango.dev/blog/shopify-oauth-refresh-token-invalid-grant.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function shopify(options: {
  /** The part before `.myshopify.com`. */
  shop: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
