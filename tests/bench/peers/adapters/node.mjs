// Libraries of servers: google-auth-library, simple-oauth2, and the interceptor axios-auth-refresh.

import { createServer } from "node:http";
import { SECRET, TOKEN_ENDPOINT } from "../stage.mjs";
import { globalFetch, now } from "./clock.mjs";

export const googleAuth = {
  name: "google-auth-library",
  kind: "session",
  runs: ["Node"],
  can: ["events", "fetch", "secret", "login"],
  never: ["refresh-token-rotated", "form-reply"], // Google does neither
  async open(stage, { secret, secondsLeft = -10 } = {}) {
    const { OAuth2Client } = await import("google-auth-library");
    const client = new OAuth2Client({
      clientId: "app",
      ...(secret && { clientSecret: SECRET }),
      endpoints: { oauth2TokenUrl: TOKEN_ENDPOINT },
      forceRefreshOnFailure: true,
    });
    stage.isStrict = false; // Google's refresh tokens do not rotate
    client.transporter.defaults = { ...client.transporter.defaults, fetchImplementation: globalFetch };
    const login = ({ access_token, refresh_token }, expiry_date) =>
      client.setCredentials({ access_token, refresh_token, expiry_date });
    login(stage.current, Date.now() + secondsLeft * 1000);
    return {
      get: async () => (await client.getAccessToken()).token,
      refresh: async () => (await client.refreshAccessToken()).credentials.access_token,
      fetch: (url, init) => answered(client.request({ url: String(url), ...asAxios(init) })),
      login: (tokens) => login(tokens, Date.now() + 3_600_000),
      listen: (listener) => client.on("tokens", listener),
      stored: () => ({ ...client.credentials }),
    };
  },
};

export const simpleOauth2 = {
  name: "simple-oauth2",
  kind: "exchange",
  runs: ["Node"],
  can: ["secret", "timeout"],
  async open(stage, { secondsLeft = -10, timeoutSeconds } = {}) {
    const { AuthorizationCode } = await import("simple-oauth2");
    const server = await onLoopback(stage);
    const client = new AuthorizationCode({
      client: { id: "app", secret: SECRET },
      auth: { tokenHost: server.origin, tokenPath: "/token" },
      options: { authorizationMethod: "body" },
      http: timeoutSeconds ? { timeout: timeoutSeconds * 1000 } : {},
    });
    let token = client.createToken({ ...stage.current, expires_at: new Date((now() + secondsLeft) * 1000) });
    const refresh = async () => {
      token = await token.refresh();
      return token.token.access_token;
    };
    return {
      get: async () => (token.expired() ? refresh() : token.token.access_token),
      refresh,
      stored: () => token.token,
      close: server.close,
    };
  },
};

/** It knows no OAuth: the refresh is the application's function, written here in the usual way. Its handling of a 401 is judged. */
export const axiosAuthRefresh = {
  name: "axios-auth-refresh",
  kind: "interceptor",
  runs: ["Node"],
  can: ["fetch", "login"],
  async open(stage) {
    const { default: axios } = await import("axios");
    const { createAuthRefresh } = await import("axios-auth-refresh");
    let tokens = { ...stage.current };
    const client = axios.create({ adapter: "fetch", env: { fetch: globalFetch, Request, Response } });
    client.interceptors.request.use((request) => {
      request.headers.set("Authorization", `Bearer ${tokens.access_token}`);
      return request;
    });
    createAuthRefresh(client, async (failed) => {
      const form = { grant_type: "refresh_token", refresh_token: tokens.refresh_token, client_id: "app" };
      const response = await globalThis.fetch(TOKEN_ENDPOINT, {
        method: "POST",
        body: new URLSearchParams(form),
      });
      if (!response.ok) throw new Error(`the refresh got ${response.status}`);
      tokens = { ...tokens, ...(await response.json()) };
      const headers = failed?.response?.config?.headers;
      if (headers) headers.Authorization = `Bearer ${tokens.access_token}`;
    });
    return {
      fetch: (url, init) => answered(client.request({ url: String(url), ...asAxios(init) })),
      login: (next) => void (tokens = next),
      stored: () => tokens,
    };
  },
};

function asAxios({ method = "GET", body, headers } = {}) {
  return { method, data: body, headers };
}

/** Both throw for a 4xx; fetch hands the response back. */
async function answered(promise) {
  try {
    return new Response(null, { status: (await promise).status });
  } catch (error) {
    if (error.response?.status) return new Response(null, { status: error.response.status });
    throw error;
  }
}

/** simple-oauth2 speaks through node:http: a server on loopback hands its requests to the stage. */
async function onLoopback(stage) {
  const server = createServer(async (request, response) => {
    const gone = new AbortController();
    response.on("close", () => gone.abort());
    try {
      let body = "";
      for await (const chunk of request) body += chunk;
      const { method, headers } = request;
      const reply = await stage.fetch(TOKEN_ENDPOINT, { method, headers, body, signal: gone.signal });
      response.writeHead(reply.status, Object.fromEntries(reply.headers));
      for await (const chunk of reply.body ?? []) response.write(chunk);
      response.end();
    } catch {
      request.socket.destroy();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}
