import type { DPoP, RefresherOptions } from "../../index.js";

/**
 * Bluesky, atproto: `createRefresher({ ...atproto({ issuer, client_id, dpop }), storage })`.
 *
 * - Request: the token endpoint that `issuer` names by form, with client_id beside it.
 * - Access tokens: not stated. Refresh tokens: not stated.
 * - Rotation: a new one each time; a second use ends the session.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Source: bluesky-social/atproto@d6296a1 packages/oauth/oauth-provider token-manager.ts.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function atproto(options: {
  /** The authorization server of the user's PDS, as the login found it. */
  issuer: string;
  /** The address of the client's metadata. */
  client_id: string;
  /** `dpop()` of `oauth-refresher/dpop`, the one of the login. */
  dpop: DPoP;
}): RefresherOptions;
