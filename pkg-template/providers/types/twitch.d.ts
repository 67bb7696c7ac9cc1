import type { RefresherOptions, Value } from "../../index.js";

/**
 * Twitch: `createRefresher({ ...twitch({ client_id }), storage })`.
 *
 * - Request: `POST https://id.twitch.tv/oauth2/token` by form, with client_id and client_secret beside it; without a
 *   secret as a public client.
 * - Access tokens: about 4 h. Refresh tokens: until the user disconnects; 30 d and one use without a secret.
 * - Rotation: with a secret usually the same one, without one a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Twitch wants a refresh only after a 401, so tokens are not refreshed ahead.
 * - Not verified, from memory: rotation, errors of the client.
 * - Searched without success: twitchdev/issues 943, 1037, 1042.
 * - Source: dev.twitch.tv/docs/authentication/refresh-tokens; discuss.dev.twitch.com 24808.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function twitch(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
