import type { RefresherOptions } from "../../index.js";

/**
 * VMware SDDC Manager: `createRefresher({ ...vmwareSddc({ host }), storage })`.
 *
 * - Asks `PATCH https://{host}/v1/tokens/access-token/refresh` in JSON.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: not stated: the reply is an access token alone.
 * - `reuse` is `"never"`: no refresh token is sent twice, so a lost reply is `outcome_unknown`.
 * - From memory, not verified: errors.
 * - Source: developer.broadcom.com sddc-manager-api 9.0.
 *
 * @throws TypeError for an option that is missing or does not fit.
 */
export function vmwareSddc(options: {
  /** The manager's host. Never take it from whoever calls you. */
  host: string;
}): RefresherOptions;
