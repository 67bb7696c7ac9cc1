import type { RefresherOptions, Value } from "../../index.js";

/**
 * AWS Cognito: `createRefresher({ ...awsCognito({ domain, region, client_id }), storage })`.
 *
 * - Request: `POST https://{domain}.auth.{region}.amazoncognito.com/oauth2/token` by form, with HTTP Basic; without a
 *   secret as a public client.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: none, or a new one each time where the pool rotates.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - If the pool has a grace period (RetryGracePeriodSeconds, 0 to 60), write `reuse: { graceSeconds: … }` after the
 *   preset.
 * - Source: docs.aws.amazon.com RefreshTokenRotationType; aws/aws-sdk-js 3836; amazon-archives/amazon-cognito-auth-js 116.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function awsCognito(options: {
  /** The user pool's prefix domain. */
  domain: string;
  /** Its region: `eu-west-1`. */
  region: string;
  /** The client identifier. */
  client_id: string;
  /** The client secret, or a function that returns it and is called for each request. */
  client_secret?: Value;
}): RefresherOptions;
