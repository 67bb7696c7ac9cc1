// Libraries of one exchange: the caller keeps the tokens, so only what they say of one exchange is judged.

import { SECRET, TOKEN_ENDPOINT } from "../stage.mjs";
import { now } from "./clock.mjs";

const SERVER = { issuer: "https://as.example", token_endpoint: TOKEN_ENDPOINT };
const CLIENT = { client_id: "app" };

/** The few lines that such a caller has. */
function holding(stage, { secondsLeft = -10 }, exchange) {
  let tokens = { ...stage.current, expires_at: now() + secondsLeft };
  const refresh = async (demand) => {
    tokens = { ...tokens, ...(await exchange(tokens.refresh_token, demand)) };
    return tokens.access_token;
  };
  return {
    get: async (demand) => (tokens.expires_at > now() + 10 ? tokens.access_token : refresh(demand)),
    refresh,
    stored: () => tokens,
  };
}

const lasting = (reply) => ({ ...reply, expires_at: now() + (reply.expires_in ?? 3600) });

export const oauth4webapi = {
  name: "oauth4webapi",
  kind: "exchange",
  runs: ["Node"],
  can: ["abort", "secret", "dpop"],
  async open(stage, options = {}) {
    const o = await import("oauth4webapi");
    const auth = options.secret ? o.ClientSecretPost(SECRET) : o.None();
    const DPoP = options.dpop ? o.DPoP(CLIENT, await o.generateKeyPair("ES256")) : undefined;
    return holding(stage, options, async (refreshToken, { signal } = {}) => {
      const request = () => o.refreshTokenGrantRequest(SERVER, CLIENT, auth, refreshToken, { signal, DPoP });
      const once = async () => o.processRefreshTokenResponse(SERVER, CLIENT, await request());
      // its documentation leaves the second request to the caller
      const reply = await once().catch((error) => {
        if (DPoP && o.isDPoPNonceError(error)) return once();
        throw error;
      });
      return lasting(reply);
    });
  },
};

export const openidClient = {
  name: "openid-client",
  kind: "exchange",
  runs: ["Node"],
  can: ["timeout", "secret", "dpop"],
  async open(stage, options = {}) {
    const o = await import("openid-client");
    const auth = options.secret ? o.ClientSecretPost(SECRET) : o.None();
    const configuration = new o.Configuration(SERVER, CLIENT.client_id, undefined, auth);
    if (options.timeoutSeconds) configuration.timeout = options.timeoutSeconds;
    const DPoP = options.dpop
      ? o.getDPoPHandle(configuration, await o.randomDPoPKeyPair("ES256"))
      : undefined;
    return holding(stage, options, async (refreshToken) =>
      lasting(await o.refreshTokenGrant(configuration, refreshToken, undefined, { DPoP })),
    );
  },
};

export const betterAuth = {
  name: "better-auth",
  kind: "exchange",
  runs: ["Node"],
  can: ["secret"],
  async open(stage, options = {}) {
    const { refreshAccessToken } = await import("@better-auth/core/oauth2");
    const client = { clientId: CLIENT.client_id, clientSecret: options.secret ? SECRET : undefined };
    return holding(stage, options, async (refreshToken) => {
      const reply = await refreshAccessToken({
        refreshToken,
        tokenEndpoint: TOKEN_ENDPOINT,
        options: client,
      });
      const expires_at = reply.accessTokenExpiresAt ? reply.accessTokenExpiresAt / 1000 : now() + 3600;
      return {
        access_token: reply.accessToken,
        ...(reply.refreshToken && { refresh_token: reply.refreshToken }),
        expires_at,
      };
    });
  },
};

export const arctic = {
  name: "arctic",
  kind: "exchange",
  runs: ["Node"],
  can: ["secret"],
  async open(stage, options = {}) {
    const { OAuth2Client } = await import("arctic");
    const client = new OAuth2Client(CLIENT.client_id, options.secret ? SECRET : null, null);
    return holding(stage, options, async (refreshToken) => {
      const reply = await client.refreshAccessToken(TOKEN_ENDPOINT, refreshToken, []);
      return {
        access_token: reply.accessToken(),
        ...(reply.hasRefreshToken() && { refresh_token: reply.refreshToken() }),
        expires_at: reply.accessTokenExpiresAt() / 1000,
      };
    });
  },
};

export const clientOauth2 = {
  name: "client-oauth2",
  kind: "exchange",
  runs: ["Node"],
  can: ["secret"],
  async open(stage, options = {}) {
    const { default: ClientOAuth2 } = await import("client-oauth2");
    // its second argument is the transport, and its own does no more than this
    const transport = async (method, url, body, headers) => {
      const response = await globalThis.fetch(url, { method, body, headers });
      return { status: response.status, body: await response.text() };
    };
    const settings = {
      clientId: "app",
      clientSecret: options.secret ? SECRET : "",
      accessTokenUri: TOKEN_ENDPOINT,
    };
    const client = new ClientOAuth2(settings, transport);
    let token = client.createToken(stage.current.access_token, stage.current.refresh_token, "bearer", {});
    token.expiresIn(options.secondsLeft ?? -10);
    const refresh = async () => {
      token = await token.refresh();
      return token.accessToken;
    };
    return {
      get: async () => (token.expired() ? refresh() : token.accessToken),
      refresh,
      stored: () => ({ access_token: token.accessToken, refresh_token: token.refreshToken }),
    };
  },
};
