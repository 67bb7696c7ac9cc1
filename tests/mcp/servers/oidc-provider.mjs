// npm oidc-provider as the authorization server of an MCP server: registration, resource indicators, rotation with reuse detection, and
// logins that need no one to look. It counts what the strict server counts.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { mapAdapter } from "../../servers/oidc-adapter.mjs";
import { listen, respond } from "../../servers/wire.mjs";

const SUBJECT = "ada";

export async function startOidcProvider({ accessSeconds = 3 } = {}) {
  const Provider = await imported();
  let handle = (req, res) => respond(res, 503, {});
  const server = await listen((req, res) => handle(req, res));
  const counts = { logins: 0, refreshes: 0, secondUses: 0, unknown: 0 };
  const store = mapAdapter();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const provider = new Provider(server.origin, {
    adapter: store.adapter,
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "loopback" }] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    scopes: ["openid", "offline_access", "mcp:read"],
    clientDefaults: { id_token_signed_response_alg: "ES256" },
    rotateRefreshToken: true,
    issueRefreshToken: async (ctx, client) => client.grantTypeAllowed("refresh_token"),
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (ctx, { uid }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      registration: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => false,
        getResourceServerInfo: (ctx, resource) => ({
          scope: "mcp:read",
          audience: resource,
          accessTokenTTL: accessSeconds,
          accessTokenFormat: "opaque",
        }),
      },
    },
    ttl: {
      AccessToken: accessSeconds,
      RefreshToken: 86_400,
      Grant: 86_400,
      IdToken: 3600,
      Session: 3600,
      Interaction: 3600,
    },
  });
  provider.on("grant.success", ({ oidc }) => {
    counts[oidc.params.grant_type === "refresh_token" ? "refreshes" : "logins"] += 1;
  });
  provider.on("grant.error", ({ oidc }, error) => {
    if (oidc.params?.grant_type === "refresh_token" && /already used/.test(error.error_detail ?? ""))
      counts.secondUses += 1;
  });
  provider.on("server_error", (ctx, error) => process.stderr.write(`oidc-provider: ${error.stack}\n`));
  const answer = provider.callback();
  handle = (req, res) => (req.url.startsWith("/interaction/") ? consent(req, res) : answer(req, res));

  async function consent(req, res) {
    const { prompt, params } = await provider.interactionDetails(req, res);
    if (prompt.name === "login")
      return provider.interactionFinished(req, res, { login: { accountId: SUBJECT } });
    const grant = new provider.Grant({ accountId: SUBJECT, clientId: params.client_id });
    grant.addOIDCScope(`openid offline_access ${params.scope ?? ""}`);
    if (params.resource) grant.addResourceScope(params.resource, "mcp:read");
    return provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } });
  }

  return {
    issuer: server.origin,
    counts,
    faults: [],
    async familyOf(token) {
      const found = await provider.AccessToken.find(token);
      return found?.isValid ? { scope: found.scope, resource: found.aud } : undefined;
    },
    close: server.close,
  };
}

/** oidc-provider says on loading that it would rather have a newer Node; that one line is kept quiet. */
async function imported() {
  const { warn } = console;
  console.warn = (...words) => String(words[0]).includes("Unsupported runtime") || warn(...words);
  try {
    return (await import("oidc-provider")).default;
  } finally {
    console.warn = warn;
  }
}
