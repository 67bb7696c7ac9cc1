// A strict authorization server: refresh tokens work once (RFC 9700 §4.14.2), codes are bound to PKCE, client, redirect and resource, and
// a login needs no person. It counts logins, refreshes and second uses, and it can fail in the ways that servers fail.

import { createHash, randomUUID } from "node:crypto";
import { listen, randomToken, readBody, respond } from "../../servers/wire.mjs";
import { proofChecker } from "../../servers/proof.mjs";

const DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code";

/**
 * Options: accessSeconds; graceSeconds: a used refresh token still works for so long; bound: tokens are bound to DPoP keys (RFC 9449);
 * nonces: proofs need the server's nonce; path: the issuer has one.
 */
export async function startAuthorization({
  accessSeconds = 3,
  graceSeconds = 0,
  bound = false,
  nonces = false,
  port = 0,
} = {}) {
  const clients = new Map();
  const codes = new Map();
  const accessTokens = new Map();
  const refreshTokens = new Map();
  const families = [];
  const counts = {
    registrations: 0,
    authorizations: 0,
    logins: 0,
    refreshes: 0,
    secondUses: 0,
    unknown: 0,
    granted: 0,
  };
  /** What arrived with a token in its Authorization header: no endpoint here wants one. */
  const strayTokens = [];
  const requests = [];
  const proofs = proofChecker({ nonces });
  const server = await listen(handle, port);
  const self = {
    issuer: server.origin,
    counts,
    strayTokens,
    requests,
    faults: [],
    onRefresh: undefined,
    handle,
    accessSeconds,
  };

  const metadataOf = (issuer) => ({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    registration_endpoint: `${issuer}/register`,
    revocation_endpoint: `${issuer}/revoke`,
    device_authorization_endpoint: `${issuer}/device_authorization`,
    response_types_supported: ["code"],
    grant_types_supported: ["authorization_code", "refresh_token"],
    code_challenge_methods_supported: ["S256"],
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "client_secret_post"],
    authorization_response_iss_parameter_supported: true,
    ...(bound && { dpop_signing_alg_values_supported: ["ES256"] }),
    ...self.metadata,
  });

  async function handle(req, res) {
    const url = new URL(req.url, "http://127.0.0.1");
    if (/^(bearer|dpop) /i.test(req.headers.authorization ?? ""))
      strayTokens.push(`${req.method} ${url.pathname}`);
    const route = `${req.method} ${url.pathname}`;
    if (route === "GET /.well-known/oauth-authorization-server")
      return respond(res, 200, metadataOf(self.issuer));
    if (route === "POST /register") return register(req, res);
    if (route === "GET /authorize") return authorize(url, res);
    if (route === "POST /token") return token(req, res);
    if (route === "POST /device_authorization") return startDevice(req, res);
    if (route === "POST /revoke") return revoke(req, res);
    respond(res, 404, { error: "not_found" });
  }

  async function register(req, res) {
    const body = JSON.parse(await readBody(req));
    const isPublic = (body.token_endpoint_auth_method ?? "none") === "none";
    const client = {
      ...body,
      client_id: `client-${randomUUID().slice(0, 8)}`,
      ...(!isPublic && { client_secret: randomToken() }),
    };
    clients.set(client.client_id, client);
    counts.registrations += 1;
    respond(res, 201, client);
  }

  function authorize({ searchParams: given }, res) {
    const client = clients.get(given.get("client_id"));
    const redirect = given.get("redirect_uri");
    counts.authorizations += 1;
    if (!client?.redirect_uris.includes(redirect)) return respond(res, 400, { error: "invalid_client" });
    if (given.get("code_challenge_method") !== "S256") return respond(res, 400, { error: "invalid_request" });
    const code = randomToken();
    codes.set(code, {
      client_id: client.client_id,
      redirect,
      challenge: given.get("code_challenge"),
      resource: given.get("resource") ?? undefined,
      scope: given.get("scope") ?? "mcp:read",
    });
    const back = new URL(redirect);
    back.searchParams.set("code", code);
    if (given.has("state")) back.searchParams.set("state", given.get("state"));
    back.searchParams.set("iss", self.issuer);
    res.writeHead(302, { location: back.href }).end();
  }

  async function token(req, res) {
    const form = new URLSearchParams(await readBody(req));
    const entry = {
      grant_type: form.get("grant_type"),
      resource: form.get("resource"),
      client_id: form.get("client_id"),
      status: 0,
    };
    requests.push(entry);
    res.once("finish", () => (entry.status = res.statusCode));
    const client_id = clientOf(req, form);
    entry.client_id = client_id;
    if (!client_id) return respond(res, 401, { error: "invalid_client" });
    let jkt;
    if (bound) {
      try {
        ({ jkt } = proofs.check(req.headers.dpop, { method: "POST", url: `${self.issuer}/token` }));
      } catch (problem) {
        if (!problem.error) throw problem;
        return respond(
          res,
          400,
          { error: problem.error },
          problem.nonce ? { "DPoP-Nonce": problem.nonce } : {},
        );
      }
    }
    if (entry.grant_type === "authorization_code") return exchange(form, client_id, jkt, res);
    if (entry.grant_type === DEVICE_CODE) return grantDevice(form, client_id, res);
    if (entry.grant_type === "refresh_token") return refresh(form, client_id, jkt, req, res);
    respond(res, 400, { error: "unsupported_grant_type" });
  }

  /** RFC 8628: granted at the second question. */
  async function startDevice(req, res) {
    const form = new URLSearchParams(await readBody(req));
    const device_code = randomToken();
    codes.set(device_code, { client_id: form.get("client_id"), scope: form.get("scope"), questions: 0 });
    const verification_uri = `${self.issuer}/device`;
    respond(res, 200, {
      device_code,
      user_code: "WDJB-MJHT",
      verification_uri,
      expires_in: 600,
      interval: 1,
    });
  }

  function grantDevice(form, client_id, res) {
    const device = codes.get(form.get("device_code"));
    if (device?.client_id !== client_id) return respond(res, 400, { error: "invalid_grant" });
    device.questions += 1;
    if (device.questions < 2) return respond(res, 400, { error: "authorization_pending" });
    codes.delete(form.get("device_code"));
    respond(res, 200, loggedIn(device));
  }

  function loggedIn({ client_id, scope, resource, jkt }) {
    counts.logins += 1;
    const family = { number: families.length + 1, client_id, scope, resource, jkt, isRevoked: false };
    families.push(family);
    return issued(family);
  }

  function clientOf(req, form) {
    const [, basic] = /^Basic (.+)$/.exec(req.headers.authorization ?? "") ?? [];
    const [id, secret] = basic
      ? Buffer.from(basic, "base64").toString().split(":")
      : [form.get("client_id"), form.get("client_secret")];
    const client = clients.get(id);
    return client && (client.client_secret ?? null) === (secret ?? null) ? id : undefined;
  }

  function exchange(form, client_id, jkt, res) {
    const code = codes.get(form.get("code"));
    codes.delete(form.get("code"));
    const challenge = createHash("sha256")
      .update(form.get("code_verifier") ?? "")
      .digest("base64url");
    if (
      !code ||
      code.client_id !== client_id ||
      code.challenge !== challenge ||
      code.redirect !== form.get("redirect_uri")
    )
      return respond(res, 400, { error: "invalid_grant" });
    if (code.resource !== (form.get("resource") ?? undefined))
      return respond(res, 400, { error: "invalid_target" });
    respond(res, 200, loggedIn({ ...code, jkt }));
  }

  async function refresh(form, client_id, jkt, req, res) {
    self.onRefresh?.(req);
    const fault = self.faults.shift();
    counts.refreshes += 1;
    if (fault?.before) return fault.before(res);
    const known = refreshTokens.get(form.get("refresh_token"));
    if (known?.usedAt) counts.secondUses += 1;
    if (!known) counts.unknown += 1;
    const isLate = known?.usedAt && performance.now() - known.usedAt > graceSeconds * 1000;
    if (isLate) known.family.isRevoked = true;
    const isWrong =
      !known ||
      isLate ||
      known.family.isRevoked ||
      known.family.client_id !== client_id ||
      known.family.jkt !== jkt;
    if (isWrong) return respond(res, 400, { error: "invalid_grant" });
    // RFC 8707 §2.2, as strict servers have it: the resource of the grant, each time
    if (known.family.resource !== (form.get("resource") ?? undefined))
      return respond(res, 400, { error: "invalid_target" });
    known.usedAt ??= performance.now();
    counts.granted += 1;
    const reply = issued(known.family);
    if (fault?.after) return fault.after(res, () => respond(res, 200, reply));
    respond(res, 200, reply);
  }

  function issued(family) {
    const access_token = randomToken();
    const refresh_token = randomToken();
    accessTokens.set(access_token, { family, endsAt: performance.now() + self.accessSeconds * 1000 });
    refreshTokens.set(refresh_token, { family, usedAt: undefined });
    return {
      access_token,
      refresh_token,
      token_type: family.jkt ? "DPoP" : "Bearer",
      expires_in: self.accessSeconds,
      scope: family.scope,
    };
  }

  async function revoke(req, res) {
    const form = new URLSearchParams(await readBody(req));
    const known = refreshTokens.get(form.get("token")) ?? accessTokens.get(form.get("token"));
    if (known) known.family.isRevoked = true;
    respond(res, 200, {});
  }

  return Object.assign(self, {
    proofs,
    /** The login that an access token belongs to, while both are good. */
    familyOf(token) {
      const found = accessTokens.get(token);
      return found && found.endsAt > performance.now() && !found.family.isRevoked ? found.family : undefined;
    },
    /** Every access token so far is refused from now on, before its time. */
    rejectAccessTokens: () => accessTokens.clear(),
    /** Every login has ended: an administrator wanted it. */
    endSessions: () => families.forEach((family) => (family.isRevoked = true)),
    liveFamilies: () => families.filter(({ isRevoked }) => !isRevoked).length,
    /** Registrations are gone: the server was started anew. */
    forgetClients: () => clients.clear(),
    register: (client) => clients.set(client.client_id, client),
    close: server.close,
  });
}

/** The reply to a refresh that was granted never arrives. */
export const lost = { after: (res) => res.destroy() };
/** Busy, as a gateway says it. */
export const busy = {
  before: (res) => respond(res, 503, "<html><h1>503</h1></html>", { "Content-Type": "text/html" }),
};
/** Too many requests, with a page. */
export const tooMany = {
  before: (res) =>
    respond(res, 429, "<html><h1>Slow down</h1></html>", { "Content-Type": "text/html", "Retry-After": "1" }),
};
/** Granted, and told so many milliseconds later. */
export const slow = (ms) => ({ after: (res, send) => setTimeout(send, ms) });
