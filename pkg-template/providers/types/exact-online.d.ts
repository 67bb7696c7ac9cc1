import type { RefresherOptions, Value } from "../../index.js";

/**
 * Exact Online: `createRefresher({ ...exactOnline({ country, client_id, client_secret }), storage })`.
 *
 * - Asks `POST https://start.exacto{country}ine.nl/api/oauth2/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 10 min. Refresh tokens: not stated.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - A refresh more than about 30 seconds before the expiry is refused, so none is made earlier.
 * - From memory, not verified: rotation, lifetimes, errors.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml.
 *
 * @throws TypeError for an option that is missing or does not fit.
 */
export function exactOnline(options: {
  /** The end of the site's address. */
  country: "nl" | "be" | "de" | "fr" | "es" | "co.uk" | "com";
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that is asked for it at each request. */
  client_secret: Value;
}): RefresherOptions;
