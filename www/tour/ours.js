// The same session with oauth-refresher.

import { createRefresher } from "oauth-refresher";
import { webStorage } from "oauth-refresher/storage";

export function refreshedSession({
  token_endpoint,
  revocation_endpoint,
  client_id,
  api,
  reuse,
  key,
  storage,
}) {
  return createRefresher({
    token_endpoint,
    revocation_endpoint,
    client_id,
    reuse, // what this server does with a refresh token that it sees twice
    storage: storage || webStorage(localStorage, key),
    origins: [new URL(api).origin],
    background: "never", // as the usual lines: when it is needed, and not ahead
  });
}
