import type { RefresherOptions, Value } from "../../index.js";

/**
 * SHOPLINE: `createRefresher({ ...shopline({ handle, app_key, app_secret }), storage })`.
 *
 * - Request: `POST https://{handle}.myshopline.com/admin/oauth/token/refresh`.
 * - Access tokens: 10 h. Refresh tokens: none.
 * - Rotation: no refresh token: a signed request renews the access token; the old one works for 5 more minutes.
 * - `reuse` is `"always"`: a lost reply is retried.
 * - Not plain data: transport signs the request (HMAC-SHA256).
 * - Not verified, from memory: errors.
 * - Searched without success: developer.shopline.com: app-authorization.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts; developer.shopline.com: overview of the
 *   Admin REST API.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function shopline(options: {
  /** The part before `.myshopline.com`. */
  handle: string;
  /** The app's key. */
  app_key: string;
  /** The app's secret: it signs, and is never sent. */
  app_secret: Value;
}): RefresherOptions;
