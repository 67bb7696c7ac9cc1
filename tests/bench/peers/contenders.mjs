// One client of each library in Node, ready to be measured: a session of an hour in memory, a token endpoint that answers at once.

export const ACCESS_TOKEN = `eyJhbGciOiJSUzI1NiJ9.${"a".repeat(160)}.${"b".repeat(86)}`;
const REFRESH_TOKEN = "a-refresh-token-of-the-login";
const TOKEN_ENDPOINT = "https://as.example/token";
const SERVER = { issuer: "https://as.example", token_endpoint: TOKEN_ENDPOINT };
const CLIENT = { client_id: "app" };
const LOGIN = { access_token: ACCESS_TOKEN, refresh_token: REFRESH_TOKEN, token_type: "Bearer" };
/** Libraries that keep `fetch` when they are made get what is global when they call. */
const globalFetch = (...request) => globalThis.fetch(...request);
const inAnHour = () => Math.floor(Date.now() / 1000) + 3600;

/** What a caller of a protocol library adds to go on from one refresh to the next. */
const keepsRefreshToken = (exchange, instance) => {
  let held = REFRESH_TOKEN;
  return { instance, refresh: async () => void (held = await exchange(held)) };
};

/** Each makes a client: `{ instance, get?, refresh?, fetch? }`. */
export const CONTENDERS = {
  "oauth-refresher": () => ours("oauth-refresher"),
  "oauth-refresher, webStorage": async () => {
    const { webStorage } = await import("oauth-refresher/storage");
    return ours("oauth-refresher", { storage: webStorage(mapStorage(), "session") });
  },
  "oauth-refresher/js": () => ours("oauth-refresher/js"),
  oauth4webapi: async () => {
    const library = await import("oauth4webapi");
    const exchange = async (held) => {
      const reply = await library.refreshTokenGrantRequest(SERVER, CLIENT, library.None(), held);
      return (await library.processRefreshTokenResponse(SERVER, CLIENT, reply)).refresh_token;
    };
    return keepsRefreshToken(exchange, [{ ...SERVER }, { ...CLIENT }]);
  },
  "openid-client": async () => {
    const { Configuration, None, refreshTokenGrant } = await import("openid-client");
    const configuration = new Configuration(SERVER, CLIENT.client_id, undefined, None());
    const exchange = async (held) => (await refreshTokenGrant(configuration, held)).refresh_token;
    return keepsRefreshToken(exchange, configuration);
  },
  "better-auth": async () => {
    const { refreshAccessToken } = await import("@better-auth/core/oauth2");
    const options = { clientId: CLIENT.client_id };
    const exchange = async (refreshToken) =>
      (await refreshAccessToken({ refreshToken, tokenEndpoint: TOKEN_ENDPOINT, options })).refreshToken;
    return keepsRefreshToken(exchange, options);
  },
  arctic: async () => {
    const { OAuth2Client } = await import("arctic");
    const client = new OAuth2Client(CLIENT.client_id, null, null);
    const exchange = async (held) =>
      (await client.refreshAccessToken(TOKEN_ENDPOINT, held, [])).refreshToken();
    return keepsRefreshToken(exchange, client);
  },
  "badgateway/oauth2-client": badgateway,
  "oidc-client-ts": oidcClient,
  "supabase/auth-js": supabase,
  "google-auth-library": googleAuth,
  "axios-auth-refresh": axiosAuthRefresh,
};

async function ours(entry, more = {}) {
  const { createRefresher } = await import(entry);
  const instance = createRefresher({
    token_endpoint: TOKEN_ENDPOINT,
    client_id: CLIENT.client_id,
    background: "never",
    origins: ["https://api.example"],
    ...more,
  });
  await instance.setTokens({ ...LOGIN, expires_in: 3600 });
  return {
    instance,
    get: () => instance.getAccessToken(),
    refresh: () => instance.refresh(),
    fetch: instance.fetch,
  };
}

async function badgateway() {
  const { OAuth2Client, OAuth2Fetch } = await import("@badgateway/oauth2-client");
  const client = new OAuth2Client({
    clientId: CLIENT.client_id,
    tokenEndpoint: TOKEN_ENDPOINT,
    fetch: globalFetch,
  });
  const stored = { accessToken: ACCESS_TOKEN, refreshToken: REFRESH_TOKEN, expiresAt: inAnHour() * 1000 };
  const instance = new OAuth2Fetch({
    client,
    scheduleRefresh: false,
    getNewToken: () => null,
    getStoredToken: () => stored,
    storeToken: () => {},
  });
  return {
    instance,
    get: () => instance.getAccessToken(),
    refresh: () => instance.refreshToken(),
    fetch: (url) => instance.fetch(url),
  };
}

async function oidcClient() {
  const { UserManager, WebStorageStateStore, User } = await aPage(() => import("oidc-client-ts"));
  const instance = new UserManager({
    authority: SERVER.issuer,
    client_id: CLIENT.client_id,
    redirect_uri: "https://app.example/callback",
    metadata: SERVER,
    userStore: new WebStorageStateStore({ store: mapStorage() }),
    automaticSilentRenew: false,
  });
  await instance.storeUser(new User({ ...LOGIN, profile: { sub: "user" }, expires_at: inAnHour() }));
  const get = async () => (await instance.getUser()).access_token;
  return { instance, get, refresh: () => instance.signinSilent() };
}

async function supabase() {
  const { AuthClient } = await import("@supabase/auth-js");
  const storage = mapStorage();
  const session = { ...LOGIN, token_type: "bearer", expires_in: 3600, expires_at: inAnHour() };
  storage.setItem("session", JSON.stringify({ ...session, user: { id: "user" } }));
  const instance = new AuthClient({
    url: SERVER.issuer,
    storageKey: "session",
    storage,
    fetch: globalFetch,
    autoRefreshToken: false,
    persistSession: true,
    detectSessionInUrl: false,
  });
  await instance.getSession();
  return {
    instance,
    get: async () => (await instance.getSession()).data.session.access_token,
    async refresh() {
      const { error } = await instance.refreshSession();
      if (error) throw error;
    },
  };
}

async function googleAuth() {
  const { OAuth2Client } = await import("google-auth-library");
  const instance = new OAuth2Client({
    clientId: CLIENT.client_id,
    endpoints: { oauth2TokenUrl: TOKEN_ENDPOINT },
  });
  instance.transporter.defaults = { ...instance.transporter.defaults, fetchImplementation: globalFetch };
  instance.setCredentials({
    access_token: ACCESS_TOKEN,
    refresh_token: REFRESH_TOKEN,
    expiry_date: inAnHour() * 1000,
  });
  return {
    instance,
    get: () => instance.getAccessToken(),
    refresh: () => instance.refreshAccessToken(),
    fetch: (url) => instance.request({ url }),
  };
}

async function axiosAuthRefresh() {
  const { default: axios } = await import("axios");
  const { createAuthRefresh } = await import("axios-auth-refresh");
  const instance = axios.create({ adapter: "fetch", env: { fetch: globalFetch, Request, Response } });
  instance.interceptors.request.use((request) => {
    request.headers.set("Authorization", `Bearer ${ACCESS_TOKEN}`);
    return request;
  });
  createAuthRefresh(instance, async () => {});
  return { instance, fetch: (url) => instance.get(url) };
}

/** oidc-client-ts looks for a page's globals when it is imported. */
async function aPage(load) {
  const location = { href: "https://app.example/", origin: "https://app.example" };
  globalThis.window ??= { location, localStorage: mapStorage(), sessionStorage: mapStorage() };
  globalThis.localStorage ??= window.localStorage;
  globalThis.sessionStorage ??= window.sessionStorage;
  return load();
}

function mapStorage() {
  const map = new Map();
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
    key: (at) => [...map.keys()][at] ?? null,
    get length() {
      return map.size;
    },
  };
}
