// Libraries of pages that log in at one kind of provider: auth0-spa-js, okta-auth-js, msal-browser.

import { jwt } from "../stage.mjs";
import { now } from "./clock.mjs";

/** Their servers always reply with JSON, with a lifetime in whole seconds, and with a refresh token that is none or a good one. */
const NEVER = [
  "form-reply",
  "expires-in-absent",
  "expires-in-null",
  "expires-in-0",
  "expires-in-negative",
  "refresh-token-empty",
];

export const auth0 = {
  name: "auth0-spa-js",
  kind: "session",
  runs: ["Chromium"],
  can: "storage signout timeout force shared dpop oidc browser".split(" "),
  never: NEVER,
  issuer: "https://as.example/",
  async open(stage, { timeoutSeconds, dpop, idToken, claims, secondsLeft = -10 } = {}) {
    const { Auth0Client } = await import("@auth0/auth0-spa-js");
    const scope = "openid offline_access";
    const PREFIX = "@@auth0spajs@@::app";
    const usual = () => ({
      iss: "https://as.example/",
      sub: "user",
      aud: "app",
      iat: now(),
      exp: now() + 86_400,
    });
    stage.more = () => ({ id_token: jwt(usual()) });
    const id_token = idToken ?? jwt(usual());
    const decodedToken = {
      claims: { __raw: id_token, ...(claims ?? usual()) },
      user: { sub: "user" },
      encoded: {},
      header: {},
    };
    const cache = {
      get: (key) => JSON.parse(stage.storage.getItem(key) ?? "null") ?? undefined,
      set: (key, value) => stage.storage.setItem(key, JSON.stringify(value)),
      remove: (key) => stage.storage.removeItem(key),
      allKeys: () => [...stage.stored.keys()],
    };
    if (stage.stored.size === 0) {
      const body = {
        ...stage.current,
        id_token,
        scope,
        oauthTokenScope: scope,
        audience: "default",
        client_id: "app",
      };
      cache.set(`${PREFIX}::default::${scope}`, {
        body: { ...body, expires_in: secondsLeft, decodedToken },
        expiresAt: now() + secondsLeft,
      });
      cache.set(`${PREFIX}::@@user@@`, { id_token, decodedToken });
    }
    const client = new Auth0Client({
      domain: "as.example",
      clientId: "app",
      useRefreshTokens: true,
      cache,
      authorizationParams: { scope, redirect_uri: location.origin },
      ...(timeoutSeconds && { httpTimeoutInSeconds: timeoutSeconds }),
      ...(dpop && { useDpop: true }),
    });
    return {
      get: () => client.getTokenSilently(),
      refresh: () => client.getTokenSilently({ cacheMode: "off" }),
      signOut: () => client.logout({ openUrl: async () => {} }),
      stored() {
        const entry = [...stage.stored].find(([key]) => key.startsWith(`${PREFIX}::default`));
        return entry ? JSON.parse(entry[1]).body : null;
      },
    };
  },
};

export const okta = {
  name: "okta-auth-js",
  kind: "session",
  runs: ["Chromium"],
  can: "storage events signout background force shared issuer browser".split(" "),
  never: NEVER,
  async open(stage, { issuer = "https://as.example", background = false, secondsLeft = -10 } = {}) {
    const { OktaAuth } = await import("@okta/okta-auth-js/core");
    const authority = `${issuer}/oauth2/default`;
    const client = new OktaAuth({
      issuer: authority,
      clientId: "app",
      redirectUri: "https://app.example/callback",
      storageManager: { token: { storageProvider: stage.storage } },
      tokenManager: { autoRenew: background, syncStorage: false, storage: stage.storage },
      services: { autoRenew: background, autoRemove: false, syncStorage: false },
    });
    const { access_token, refresh_token } = stage.current;
    const both = {
      scopes: ["openid", "offline_access"],
      authorizeUrl: `${issuer}/authorize`,
      userinfoUrl: `${issuer}/userinfo`,
    };
    if (stage.stored.size === 0)
      client.tokenManager.setTokens({
        accessToken: {
          ...both,
          accessToken: access_token,
          expiresAt: now() + secondsLeft,
          tokenType: "Bearer",
          claims: {},
        },
        refreshToken: {
          ...both,
          refreshToken: refresh_token,
          expiresAt: now() + 1_000_000,
          tokenUrl: `${issuer}/token`,
          issuer: authority,
        },
      });
    if (background) await client.start();
    const refresh = async () => (await client.tokenManager.renew("accessToken"))?.accessToken;
    return {
      async get() {
        const token = await client.tokenManager.get("accessToken");
        return token && !client.tokenManager.hasExpired(token) ? token.accessToken : refresh();
      },
      refresh,
      signOut: async () => client.tokenManager.clear(),
      listen: (listener) => client.tokenManager.on("renewed", listener),
      stored() {
        const { accessToken, refreshToken } = JSON.parse(stage.stored.get("okta-token-storage") ?? "{}");
        if (!accessToken && !refreshToken) return null;
        return { access_token: accessToken?.accessToken, refresh_token: refreshToken?.refreshToken };
      },
      close: () => client.stop(),
    };
  },
};

export const msal = {
  name: "msal-browser",
  kind: "session",
  runs: ["Chromium"],
  can: ["force", "signout", "browser"],
  never: NEVER,
  async open(stage, { secondsLeft = -10 } = {}) {
    const m = await import("@azure/msal-browser");
    const seconds = Math.max(1, secondsLeft); // an expired token cannot be put into its cache
    const authority = "https://as.example/";
    const endpoint = (name) => `${authority}${name}`;
    const config = {
      auth: {
        clientId: "app",
        authority,
        knownAuthorities: ["as.example"],
        redirectUri: location.origin,
        authorityMetadata: JSON.stringify({
          issuer: authority,
          authorization_endpoint: endpoint("authorize"),
          token_endpoint: endpoint("token"),
          end_session_endpoint: endpoint("logout"),
          jwks_uri: endpoint("jwks"),
        }),
        protocolMode: "OIDC",
      },
      system: { protocolMode: "OIDC" },
      cache: { cacheLocation: "localStorage" },
    };
    const claims = () => ({
      iss: authority,
      sub: "user",
      aud: "app",
      oid: "user",
      tid: "tenant",
      preferred_username: "user",
    });
    const reply = () => ({
      scope: "api openid offline_access",
      id_token: jwt({ ...claims(), iat: now(), exp: now() + 86_400 }),
      client_info: btoa(JSON.stringify({ uid: "user", utid: "tenant" })),
    });
    stage.more = reply;
    localStorage.clear();
    const scopes = ["api"];
    const login = { ...stage.current, token_type: "Bearer", expires_in: seconds, ...reply() };
    const expiry = {
      expiresOn: now() + seconds,
      extendedExpiresOn: now() + seconds,
      clientInfo: login.client_info,
    };
    const { account } = await m.loadExternalTokens(config, { authority, scopes }, login, expiry);
    const client = new m.PublicClientApplication(config);
    await client.initialize();
    const request = { scopes, account, cacheLookupPolicy: m.CacheLookupPolicy.AccessTokenAndRefreshToken };
    const forced = { ...request, cacheLookupPolicy: m.CacheLookupPolicy.RefreshToken, forceRefresh: true };
    const hasRefreshToken = () => Object.keys(localStorage).some((key) => /refreshtoken/i.test(key));
    return {
      get: async () => (await client.acquireTokenSilent(request)).accessToken,
      refresh: async () => (await client.acquireTokenSilent(forced)).accessToken,
      signOut: () => client.clearCache({ account }),
      // what is stored is encrypted
      stored: () => ({ isHidden: true, hasRefreshToken: hasRefreshToken() }),
    };
  },
};
