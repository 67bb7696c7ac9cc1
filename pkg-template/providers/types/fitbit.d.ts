import type { RefresherOptions, Value } from "../../index.js";

/**
 * Fitbit: `createRefresher({ ...fitbit({ client_id }), storage })`.
 *
 * - Request: `POST https://api.fitbit.com/oauth2/token` by form, with HTTP Basic; without a secret as a public client.
 * - Access tokens: 8 h. Refresh tokens: no expiry, one use.
 * - Rotation: a new one each time, each works once.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: a grace period of 2 minutes, errors of the client.
 * - Searched without success: dev.fitbit.com: refresh-token, error-handling; home-assistant/core 106885.
 * - Source: dev.fitbit.com: refresh token, best practices, error handling.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function fitbit(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
