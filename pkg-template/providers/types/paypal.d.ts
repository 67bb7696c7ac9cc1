import type { RefresherOptions, Value } from "../../index.js";

/**
 * PayPal: `createRefresher({ ...paypal({ client_id, client_secret }), storage })`.
 *
 * - Request: `POST https://api.paypal.com/v1/oauth2/token` by form, with HTTP Basic.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: not stated.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: errors.
 * - Searched without success: developer.paypal.com.
 * - Source: NangoHQ/nango@2f4c0af packages/providers/providers.yaml; golang/oauth2 internal/token.go.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function paypal(options: {
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret: Value;
}): RefresherOptions;
