// oauth-refresher, with webStorage: its options as the README shows them.

import { SECRET, TOKEN_ENDPOINT } from "../stage.mjs";
import { now } from "./clock.mjs";

const KEY = "session";
/** What the preset of Salesforce says of its errors. */
const SALESFORCE = {
  errorWhen: [{ path: "error_description", includes: "already being processed", means: "unavailable" }],
};

export const oauthRefresher = {
  name: "oauth-refresher",
  kind: "session",
  runs: ["Node", "Chromium"],
  can: "storage fetch events signout abort timeout secret dpop background force shared issuer oidc login browser".split(
    " ",
  ),

  async open(stage, options = {}) {
    const { createRefresher } = await import("oauth-refresher");
    const { webStorage } = await import("oauth-refresher/storage");
    const settings = await settingsOf(stage, options);
    const storage = webStorage(stage.storage, KEY);
    if (!stage.stored.has(KEY)) await login(createRefresher, settings, storage, stage, options);
    const refresher = createRefresher({ ...settings, storage });
    return {
      get: (demand) => refresher.getAccessToken(demand),
      refresh: async (demand) => (await refresher.refresh(demand)).access_token,
      fetch: refresher.fetch,
      login: (tokens) => refresher.setTokens(tokens),
      signOut: () => refresher.signOut(),
      listen: (listener) => refresher.addEventListener("token-changed", listener),
      stored: () => JSON.parse(stage.stored.get(KEY) ?? "null")?.tokens ?? null,
      isEnded: () => refresher.state === "session-ended",
      close: () => refresher.close(),
    };
  },
};

async function settingsOf(stage, { issuer, background, secret, timeoutSeconds, reuse, dpop, provider }) {
  return {
    token_endpoint: issuer ? `${issuer}/token` : TOKEN_ENDPOINT,
    client_id: "app",
    origins: ["https://api.example"],
    background: background ? "always" : "never",
    ...(secret && { client_secret: SECRET }),
    ...(timeoutSeconds && { timeoutSeconds }),
    ...(reuse && { reuse }),
    ...(provider === "salesforce" && { response: SALESFORCE }),
    ...(dpop && { dpop: (await import("oauth-refresher/dpop")).dpop() }),
  };
}

/** The record of a login whose access token has that many seconds left, written by the package at the time of the login. */
async function login(createRefresher, settings, storage, stage, { secondsLeft = -10, idToken, dpop }) {
  const before = Date.now;
  const issued = (now() + secondsLeft - 3600) * 1000;
  Date.now = () => issued;
  const refresher = createRefresher({ ...settings, storage, background: "never" });
  await refresher.setTokens({
    ...stage.current,
    token_type: dpop ? "DPoP" : "Bearer",
    expires_in: 3600,
    ...(idToken && { id_token: idToken }),
  });
  refresher.close();
  Date.now = before;
}
