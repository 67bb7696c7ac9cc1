import type { RefresherOptions, Value } from "../../index.js";

/**
 * Supabase Auth: `createRefresher({ ...supabase({ ref, apikey }), storage })`.
 *
 * - Request: `POST https://{ref}.supabase.co/auth/v1/token` in JSON.
 * - Access tokens: not stated. Refresh tokens: the session's.
 * - Rotation: a new one each time; for the previous one, the server returns the active one.
 * - `reuse` is `"until-successor-used"`: a lost reply is retried.
 * - Source: supabase/auth internal/tokens/service.go, internal/api/token_refresh.go, apierrors/errorcode.go;
 *   volcengine.com/article/2891247 (apikey).
 *
 * @throws TypeError for a missing or invalid option.
 */
export function supabase(options: {
  /** The project's reference. */
  ref: string;
  /** The project's publishable (anon) key. */
  apikey: Value;
}): RefresherOptions;
