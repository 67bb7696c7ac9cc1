import type { RefresherOptions, Value } from "../../index.js";

/**
 * SHOPLINE: `createRefresher({ ...shopline({ handle, app_key, app_secret }), storage })`.
 *
 * - Request: `POST https://{handle}.myshopline.com/admin/oauth/token/refresh`.
 * - Access tokens: not stated. Refresh tokens: none.
 * - Rotation: no refresh token: the app's signature asks for a new access token.
 * - `reuse` is `"always"`: after a lost reply it is asked again.
 * - Has a function beside its data: transport signs the request (HMAC-SHA256).
 * - Not verified, from memory: lifetimes, errors.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function shopline(options: {
  /** What stands before `.myshopline.com`. */
  handle: string;
  /** The app's key. */
  app_key: string;
  /** The app's secret: it signs, and is never sent. */
  app_secret: Value;
}): RefresherOptions;
