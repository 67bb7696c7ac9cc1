import type { RefresherOptions, Value } from "../../index.js";

/**
 * Pipedrive: `createRefresher({ ...pipedrive({ client_id, client_secret }), storage })`.
 *
 * - Asks `POST https://oauth.pipedrive.com/oauth/token` by form, with HTTP Basic.
 * - Access tokens: about 1 h. Refresh tokens: 60 d unused.
 * - Rotation: one comes each time.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - Refreshed every 20 days even if nobody asks.
 * - From memory, not verified: rotation, lifetimes, errors.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml.
 *
 * @throws TypeError for an option that is missing or does not fit.
 */
export function pipedrive(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that is asked for it at each request. */
  client_secret: Value;
}): RefresherOptions;
