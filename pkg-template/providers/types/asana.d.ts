import type { RefresherOptions, Value } from "../../index.js";

/**
 * Asana: `createRefresher({ ...asana({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://app.asana.com/-/oauth_token` by form, with client_id and client_secret beside it.
 * - Access tokens: 1 h. Refresh tokens: not stated.
 * - Rotation: none: the refresh token stays the same.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: rotation, lifetimes, errors.
 * - Searched without success: developers.asana.com/docs/oauth; Asana/node-asana 149.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function asana(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
