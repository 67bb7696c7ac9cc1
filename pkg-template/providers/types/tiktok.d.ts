import type { RefresherOptions, Value } from "../../index.js";

/**
 * TikTok Login Kit v2: `createRefresher({ ...tiktok({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://open.tiktokapis.com/v2/oauth/token/` by form.
 * - Access tokens: 24 h. Refresh tokens: 365 d.
 * - Rotation: it may change.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Refreshed every 30 days, also without a call.
 * - Not verified, from memory: rotation, lifetimes, errors.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function tiktok(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
