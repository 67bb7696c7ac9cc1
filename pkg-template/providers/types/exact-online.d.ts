import type { RefresherOptions, Value } from "../../index.js";

/**
 * Exact Online: `createRefresher({ ...exactOnline({ country, client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://start.exacto{country}ine.nl/api/oauth2/token` by form, with client_id and client_secret beside
 *   it.
 * - Access tokens: 10 min. Refresh tokens: 30 d unused.
 * - Rotation: a new one each time, each works once.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Exact Online refuses a refresh more than about 30 seconds before the expiry, so none is sent earlier.
 * - Not verified, from memory: access token's lifetime, errors of the client.
 * - Searched without success: full-text search of public documentation; the issues among the sources.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; websmurf/laravel-exact-online 19, 23, 31;
 *   picqer/exact-php-client 300, 311, 640, 644; exactonline/exactonline-api-dotnet-client 124.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function exactOnline(options: {
  /** The top-level domain of the site. */
  country: "nl" | "be" | "de" | "fr" | "es" | "co.uk" | "com";
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
