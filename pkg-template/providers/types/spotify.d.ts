import type { RefresherOptions, Value } from "../../index.js";

/**
 * Spotify: `createRefresher({ ...spotify({ client_id }), storage })`.
 *
 * - Request: `POST https://accounts.spotify.com/api/token` by form, with HTTP Basic; without a secret as a public client.
 * - Access tokens: 1 h. Refresh tokens: 6 months from the login, not sliding (since July 2026).
 * - Rotation: with a secret usually none, with PKCE a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: rotation.
 * - Searched without success: developer.spotify.com: refreshing-tokens.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; spotify/web-api 412, 919, 1202; raycast/extensions
 *   13167; developer.spotify.com/blog/2026-06-18-refresh-token-expiration.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function spotify(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
