import type { RefresherOptions, Value } from "../../index.js";

/**
 * Stripe Apps: `createRefresher({ ...stripeApps({ client_secret }), storage })`.
 *
 * - Request: `POST https://api.stripe.com/v1/oauth/token` by form, with the secret as the user name of HTTP Basic.
 * - Access tokens: 1 h. Refresh tokens: 1 year, rolling.
 * - Rotation: a new one each time.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Refreshed every 30 days, also without a call.
 * - Not verified, from memory: lifetimes, errors of the client.
 * - Searched without success: docs.stripe.com/stripe-apps/api-authentication/oauth; rubydoc.info: Stripe::OAuth errors.
 * - Source: NangoHQ/nango@2f4c0af packages/shared/lib/clients/provider.client.ts;
 *   nango.dev/blog/stripe-oauth-refresh-token-invalid-grant.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function stripeApps(options: {
  /** The secret key of the app's account. */
  client_secret: Value;
}): RefresherOptions;
