import type { RefresherOptions, Value } from "../../index.js";

/**
 * Strava: `createRefresher({ ...strava({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://www.strava.com/api/v3/oauth/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 6 h. Refresh tokens: not stated.
 * - Rotation: it may change: use the newest.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Source: developers.strava.com/docs/oauth-updates; code of several clients for the errors.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function strava(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
