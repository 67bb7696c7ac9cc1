import type { RefresherOptions } from "../../index.js";

/**
 * VMware SDDC Manager: `createRefresher({ ...vmwareSddc({ host }), storage })`.
 *
 * - Request: `PATCH https://{host}/v1/tokens/access-token/refresh` in JSON.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: not stated: the reply is an access token alone.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not verified, from memory: errors.
 * - Searched without success: developer.broadcom.com: vmware-cloud-foundation-api, tokens; blogs.vmware.com 2020/05/20.
 * - Source: developer.broadcom.com sddc-manager-api 9.0.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function vmwareSddc(options: {
  /** The manager's host. Never take it from user input. */
  host: string;
}): RefresherOptions;
