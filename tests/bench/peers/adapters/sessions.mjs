// Libraries that keep a session, in Node and in pages: badgateway/oauth2-client, oidc-client-ts, supabase/auth-js.

import { SECRET, TOKEN_ENDPOINT } from "../stage.mjs";
import { globalFetch, now } from "./clock.mjs";

export const badgateway = {
  name: "badgateway/oauth2-client",
  kind: "session",
  runs: ["Node"],
  can: ["storage", "fetch", "secret", "background", "force", "issuer"],
  async open(stage, { issuer, secret, background, secondsLeft = -10 } = {}) {
    const { OAuth2Client, OAuth2Fetch } = await import("@badgateway/oauth2-client");
    const KEY = "session";
    const { access_token, refresh_token } = stage.current;
    const login = {
      accessToken: access_token,
      refreshToken: refresh_token,
      expiresAt: Date.now() + secondsLeft * 1000,
    };
    if (!stage.stored.has(KEY)) stage.stored.set(KEY, JSON.stringify(login));
    const client = new OAuth2Client({
      clientId: "app",
      ...(secret && { clientSecret: SECRET, authenticationMethod: "client_secret_post" }),
      tokenEndpoint: issuer ? `${issuer}/token` : TOKEN_ENDPOINT,
      fetch: globalFetch,
    });
    const session = new OAuth2Fetch({
      client,
      getNewToken: () => null,
      scheduleRefresh: Boolean(background),
      getStoredToken: () => JSON.parse(stage.storage.getItem(KEY)),
      storeToken: (token) => stage.storage.setItem(KEY, JSON.stringify(token)),
    });
    return {
      get: () => session.getAccessToken(),
      refresh: async () => (await session.refreshToken()).accessToken,
      fetch: (url, init) => session.fetch(url, init),
      stored() {
        const token = JSON.parse(stage.stored.get(KEY) ?? "null");
        return token && { access_token: token.accessToken, refresh_token: token.refreshToken };
      },
    };
  },
};

export const oidcClient = {
  name: "oidc-client-ts",
  kind: "session",
  runs: ["Chromium"],
  can: "storage events signout timeout secret dpop background force shared issuer oidc browser".split(" "),
  async open(stage, options = {}) {
    const {
      issuer = "https://as.example",
      secret,
      background,
      timeoutSeconds,
      dpop,
      secondsLeft = -10,
    } = options;
    const { UserManager, WebStorageStateStore, User, IndexedDbDPoPStore } = await import("oidc-client-ts");
    const manager = new UserManager({
      authority: issuer,
      client_id: "app",
      redirect_uri: "https://app.example/callback",
      metadata: { issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: `${issuer}/revoke` },
      userStore: new WebStorageStateStore({ store: stage.storage }),
      automaticSilentRenew: Boolean(background),
      ...(secret && { client_secret: SECRET }),
      ...(timeoutSeconds && {
        requestTimeoutInSeconds: timeoutSeconds,
        silentRequestTimeoutInSeconds: timeoutSeconds,
      }),
      ...(dpop && { dpop: { bind_authorization_code: false, store: new IndexedDbDPoPStore() } }),
    });
    const key = `oidc.user:${issuer}:app`;
    const login = {
      ...stage.current,
      token_type: dpop ? "DPoP" : "Bearer",
      id_token: options.idToken,
      profile: options.claims ?? { sub: "user", iss: issuer, aud: "app" },
      expires_at: now() + secondsLeft,
      scope: "openid offline_access",
    };
    if (stage.stored.size === 0) await manager.storeUser(new User(login));
    const refresh = async () => (await manager.signinSilent())?.access_token;
    return {
      async get() {
        const user = await manager.getUser();
        return user && !user.expired ? user.access_token : refresh();
      },
      refresh,
      signOut: () => manager.removeUser(),
      listen: (listener) => manager.events.addUserLoaded(listener),
      stored: () => JSON.parse(stage.stored.get(key) ?? "null"),
      close: () => manager.stopSilentRenew(),
    };
  },
};

export const supabase = {
  name: "supabase/auth-js",
  kind: "session",
  runs: ["Chromium"], // where it has locks
  can: "storage events signout background force shared issuer browser".split(" "),
  // its own server never replies so
  never: [
    "refresh-token-omitted",
    "refresh-token-empty",
    "form-reply",
    "expires-in-absent",
    "expires-in-null",
    "expires-in-0",
    "token-type-absent",
    "error-200",
    "empty-200",
  ],
  async open(stage, { issuer = "https://as.example", background, secondsLeft = -10 } = {}) {
    const { AuthClient } = await import("@supabase/auth-js");
    const KEY = "session";
    stage.more = () => ({ user: { id: "user" } });
    const login = {
      ...stage.current,
      expires_in: 3600,
      expires_at: now() + secondsLeft,
      token_type: "bearer",
    };
    if (!stage.stored.has(KEY)) stage.stored.set(KEY, JSON.stringify({ ...login, user: { id: "user" } }));
    const client = new AuthClient({
      url: issuer,
      storageKey: KEY,
      storage: stage.storage,
      fetch: globalFetch,
      autoRefreshToken: Boolean(background),
      persistSession: true,
      detectSessionInUrl: false,
    });
    const token = async (call) => {
      const { data, error } = await call;
      if (error) throw error;
      return data.session?.access_token;
    };
    return {
      get: () => token(client.getSession()),
      refresh: () => token(client.refreshSession()),
      signOut: () => client.signOut({ scope: "local" }),
      listen: (listener) =>
        client.onAuthStateChange((event) => (event === "TOKEN_REFRESHED" ? listener(event) : undefined)),
      stored: () => JSON.parse(stage.stored.get(KEY) ?? "null"),
      close: () => client.stopAutoRefresh(),
    };
  },
};
