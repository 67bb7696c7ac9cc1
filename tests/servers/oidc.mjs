// An independent authorization server: oidc-provider from npm, with rotation. A replayed refresh token ends the token family
// (RFC 9700 section 4.14.2). It returns real OAuth errors, form-decodes Basic, and implements RFC 7009.

import { generateKeyPairSync, randomBytes } from "node:crypto";
import { faultPlan, sentStatus, underFault } from "./faults.mjs";
import { mapAdapter } from "./oidc-adapter.mjs";
import { familyLog } from "./oidc-log.mjs";
import { proofChecker } from "./proof.mjs";
import { allowPages, answeredPreflight, bearerToken, challenge, listen, respond } from "./wire.mjs";

const SUBJECT = "ada";

/**
 * Options: port; accessTokenSeconds; refreshTokenSeconds; graceSeconds: a used refresh token is valid for this long (oidc-provider
 * has no grace period; its storage hides the use). nonces: every DPoP proof, at both endpoints, must have the server's newest nonce
 * (RFC 9449 sections 8 and 9). registered: further clients by name, with their metadata (RFC 7591). features: of oidc-provider.
 */
export async function startOidc({
  port = 0,
  accessTokenSeconds = 3600,
  refreshTokenSeconds = 14 * 24 * 3600,
  graceSeconds = 0,
  nonces = false,
  registered: further = {},
  features = {},
} = {}) {
  const clients = { ...usual, ...further };
  const Provider = await importProvider();
  let handle = (req, res) => respond(res, 503, { error: "temporarily_unavailable" }); // the issuer contains the port
  const server = await listen((req, res) => handle(req, res), port);
  const log = familyLog(clients);
  const faults = faultPlan();
  const resource = { url: `${server.origin}/resource`, accepted: 0, refused: 0 };
  const proofs = proofChecker({ nonces });
  const store = mapAdapter({ graceSeconds });
  const provider = new Provider(
    server.origin,
    configuration({ store, accessTokenSeconds, refreshTokenSeconds, nonces, further, features }),
  );
  let acceptedSince = 0;

  provider.on("grant.success", (ctx) => log.granted(ctx));
  provider.on("grant.error", (ctx, error) => log.refused(ctx, error));
  provider.on("server_error", (ctx, error) => process.stderr.write(`oidc-provider: ${error.stack}\n`));
  provider.on("grant.revoked", (ctx, grantId) => log.revoked(grantId));
  const answer = provider.callback();

  handle = async (req, res) => {
    const { pathname } = new URL(req.url, server.origin);
    if (pathname === "/resource") return answeredPreflight(req, res) || useResource(req, res);
    if (pathname !== "/token" || req.method !== "POST") return answer(req, res);
    const fault = faults.take();
    const entry = log.arrived(req, fault);
    await underFault(fault, req, res, () => answer(req, res));
    if (entry.outcome === null) Object.assign(entry, { outcome: "fault", status: sentStatus(res) });
  };

  async function useResource(req, res) {
    allowPages(res);
    const bound = /^DPoP (\S+)$/i.exec(req.headers.authorization ?? "")?.[1];
    const value = bound ?? bearerToken(req);
    const found = value && (await provider.AccessToken.find(value));
    const isLive = found?.isValid && store.savedAt("AccessToken", value) >= acceptedSince;
    try {
      const proof = { method: req.method, url: resource.url, access_token: value };
      const jkt = bound && proofs.check(req.headers.dpop, proof).jkt;
      const isGood = Boolean(isLive && found.jkt === jkt);
      resource[isGood ? "accepted" : "refused"] += 1;
      if (!isGood) return challenge(res, value !== null, bound ? "DPoP" : "Bearer");
    } catch (problem) {
      if (!problem.error) throw problem;
      resource.refused += 1;
      if (problem.nonce) res.setHeader("DPoP-Nonce", problem.nonce);
      return respond(res, 401, {}, { "WWW-Authenticate": `DPoP error="${problem.error}", algs="ES256"` });
    }
    res.setHeader("Content-Type", "application/json");
    res.end(JSON.stringify({ ok: true, server: "oidc", sub: found.accountId }));
  }

  /**
   * The tokens of a login with this client. `clientName`: "none", "basic" or "post". `jkt`: the key that the login proved; a public
   * client's refresh token is bound to it too (RFC 9449 section 5). `attestationJkt`: the key of an attested instance.
   * `resource`: granted resources (RFC 8707), all with the scope `read`.
   */
  async function mint(
    clientName,
    { scope = "openid offline_access", jkt, attestationJkt, resource = [] } = {},
  ) {
    const client = await provider.Client.find(clients[clientName]?.client_id ?? "");
    if (!client)
      throw new TypeError(`no client ${clientName}; write one of ${Object.keys(clients).join(", ")}`);
    const grant = new provider.Grant({ accountId: SUBJECT, clientId: client.clientId });
    grant.addOIDCScope(scope);
    for (const granted of resource) grant.addResourceScope(granted, "read");
    const grantId = await grant.save();
    const shared = { client, accountId: SUBJECT, grantId, scope, gty: "authorization_code" };
    const accessToken = new provider.AccessToken({ ...shared, jkt });
    const access_token = await accessToken.save();
    const iiat = Math.floor(Date.now() / 1000);
    const binding = clientName === "none" ? { jkt } : { attestationJkt };
    const refresh_token = await new provider.RefreshToken({
      ...shared,
      ...binding,
      ...(resource.length && { resource, scope: `${scope} read` }),
      iiat,
      rotations: 0,
    }).save();
    log.minted(grantId, refresh_token);
    const reply = {
      access_token,
      expires_in: accessToken.expiration,
      refresh_token,
      scope,
      token_type: jkt ? "DPoP" : "Bearer",
    };
    if (!scope.split(" ").includes("openid")) return reply;
    const idToken = new provider.IdToken({ sub: SUBJECT }, { client });
    idToken.scope = "openid";
    return { ...reply, id_token: await idToken.issue({ use: "idtoken" }) };
  }

  return {
    name: "oidc",
    origin: server.origin,
    issuer: server.origin,
    token_endpoint: `${server.origin}/token`,
    revocation_endpoint: `${server.origin}/token/revocation`,
    resource,
    proofs,
    clients,
    mint,
    /** The resource of an access token. */
    audienceOf: async (token) => (await provider.AccessToken.find(token))?.aud,
    requests: log.requests,
    revokedFamilies: log.revokedFamilies,
    faults,
    /** The resource refuses every issued access token from now on, before its expiry. */
    rejectAccessTokens: () => void (acceptedSince = store.next()),
    /** Invalidates every issued token: an administrator ended the sessions. */
    endSessions: store.clearTokens,
    close: server.close,
  };
}

const usual = {
  none: { client_id: "client-none" },
  // Both contain characters that form-encoding changes (RFC 6749 section 2.3.1).
  basic: { client_id: "client:basic", client_secret: "s3cret+/= &" },
  post: { client_id: "client-post", client_secret: "s3cret+/= &" },
};

function configuration({ store, accessTokenSeconds, refreshTokenSeconds, nonces, further, features }) {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    adapter: store.adapter,
    clientAuthMethods: methodsOf(Object.values(further)),
    clients: [
      registered(usual.none, "none"),
      registered(usual.basic, "client_secret_basic"),
      registered(usual.post, "client_secret_post"),
      ...Object.values(further).map((client) => registered(client, client.token_endpoint_auth_method)),
    ],
    jwks: { keys: [{ ...privateKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "loopback" }] },
    cookies: { keys: [randomBytes(16).toString("hex")] },
    scopes: ["openid", "offline_access", "profile"],
    rotateRefreshToken: true,
    clientBasedCORS: () => true, // the demo page may come from any port
    findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, ...(nonces && { nonceSecret: randomBytes(32), requireNonce: () => true }) },
      revocation: {
        enabled: true,
        allowedPolicy: (ctx, client, token) => client.clientId === token.clientId,
      },
      ...features,
    },
    // Set explicitly, because oidc-provider prints a notice for each default it uses.
    ttl: {
      AccessToken: accessTokenSeconds,
      RefreshToken: refreshTokenSeconds,
      Grant: refreshTokenSeconds,
      IdToken: 3600,
      Session: 3600,
      Interaction: 3600,
    },
  };
}

/** The authentication methods of the registered clients, and the usual ones. */
const methodsOf = (clients) => [
  ...new Set([
    "none",
    "client_secret_basic",
    "client_secret_post",
    ...clients.map((client) => client.token_endpoint_auth_method),
  ]),
];

function registered(client, token_endpoint_auth_method) {
  return {
    ...client,
    token_endpoint_auth_method,
    grant_types: ["authorization_code", "refresh_token"],
    response_types: ["code"],
    redirect_uris: ["https://client.example/callback"],
    id_token_signed_response_alg: "ES256",
  };
}

/** oidc-provider works on Node 20 but prints at its import that it prefers 22; that line is suppressed. */
async function importProvider() {
  const { warn } = console;
  console.warn = (...words) => String(words[0]).includes("Unsupported runtime") || warn(...words);
  try {
    return (await import("oidc-provider")).default;
  } finally {
    console.warn = warn;
  }
}
