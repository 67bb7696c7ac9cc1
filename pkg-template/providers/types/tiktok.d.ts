import type { RefresherOptions, Value } from "../../index.js";

/**
 * TikTok Login Kit v2: `createRefresher({ ...tiktok({ client_id, client_secret }), storage })`.
 *
 * - Asks `POST https://open.tiktokapis.com/v2/oauth/token/` by form.
 * - Access tokens: 24 h. Refresh tokens: 365 d.
 * - Rotation: it may change.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Refreshed every 30 days even if nobody asks.
 * - From memory, not verified: rotation, lifetimes, errors.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts.
 *
 * @throws TypeError for an option that is missing or does not fit.
 */
export function tiktok(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that is asked for it at each request. */
  client_secret: Value;
}): RefresherOptions;
