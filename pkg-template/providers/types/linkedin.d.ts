import type { RefresherOptions, Value } from "../../index.js";

/**
 * LinkedIn: `createRefresher({ ...linkedin({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://www.linkedin.com/oauth/v2/accessToken` by form, with client_id and client_secret beside it.
 * - Access tokens: 60 d. Refresh tokens: 365 d from the consent, not sliding.
 * - Rotation: the same one each time.
 * - `reuse` is `"always"`: a lost reply is retried.
 * - Not verified, from memory: the status of invalid_client.
 * - Searched without success: learn.microsoft.com/linkedin: programmatic-refresh-tokens, client-credentials-flow.
 * - Source: learn.microsoft.com/linkedin: programmatic refresh tokens;
 *   nango.dev/blog/linkedin-oauth-refresh-token-invalid-grant; xcarpentier/react-native-linkedin 177.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function linkedin(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
