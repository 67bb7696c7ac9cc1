// The stored sessions that the starts begin with, in the format of each library. Ours is written by the package itself.

import { createRefresher } from "oauth-refresher";
import { callbackStorage } from "oauth-refresher/storage";

export const STORED = "a-stored-access-token";
export const RENEWED = "a-renewed-access-token";
const TOKENS = {
  access_token: STORED,
  refresh_token: "a-stored-refresh-token",
  token_type: "Bearer",
  scope: "openid",
};

/** A session whose token of one hour was issued a minute or two hours ago. */
export async function sessions(origin, isFresh) {
  const issued = Math.floor(Date.now() / 1000) - (isFresh ? 60 : 7200);
  const expires_at = issued + 3600;
  return {
    ours: await written(origin, issued),
    plain: { tokens: { ...TOKENS, expires_at } },
    oidc: { ...TOKENS, profile: { sub: "user" }, expires_at },
    supabase: { ...TOKENS, token_type: "bearer", expires_in: 3600, expires_at, user: { id: "user" } },
  };
}

/** The record that a login leaves in a storage, at a clock that stands at `issued`. */
async function written(origin, issued) {
  const now = Date.now;
  let record = null;
  Date.now = () => issued * 1000;
  try {
    const refresher = createRefresher({
      token_endpoint: `${origin}/token`,
      client_id: "app",
      background: "never",
      storage: callbackStorage({ load: () => record, save: (saved) => void (record = saved) }),
    });
    await refresher.setTokens({ ...TOKENS, expires_in: 3600 });
    refresher.close();
  } finally {
    Date.now = now;
  }
  return record;
}
