import type { DPoPKeyPair, RefresherOptions } from "../../index.js";

/**
 * Sign in with Apple: `createRefresher({ ...apple({ client_id, team_id, key_id, privateKey }), storage })`.
 *
 * - Request: `POST https://appleid.apple.com/auth/token` by form, with client_id and client_secret beside it.
 * - Access tokens: 1 h. Refresh tokens: until the user revokes it or changes the password.
 * - Rotation: none: the refresh token stays the same.
 * - `reuse` is `"never"`: a lost reply is `outcome_unknown`, and is not retried.
 * - Not plain data: client_secret is a function: a JWT (ES256, 5 minutes) minted for each request.
 * - Apple wants no more than about one refresh a day for each user.
 * - Source: better-auth@451aa4b packages/core/src/social-providers/apple.ts; developer.apple.com: ErrorResponse, TN3107,
 *   forums 123909, 656845; mikebronner/laravel-sign-in-with-apple 9; SocialiteProviders/Providers 780.
 *
 * @throws TypeError for a missing or invalid option.
 */
export function apple(options: {
  /** The services id or bundle id. */
  client_id: string;
  /** The team's id. */
  team_id: string;
  /** The key's id. */
  key_id: string;
  /**
   * The key of Apple's .p8 file, imported for ECDSA on P-256: `crypto.subtle.importKey("pkcs8", …, { name:
   * "ECDSA", namedCurve: "P-256" }, false, ["sign"])`.
   */
  privateKey: DPoPKeyPair["privateKey"];
}): RefresherOptions;
