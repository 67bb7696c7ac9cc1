// An authorization server behind TLS that authenticates clients by their certificates (RFC 8705), with separate endpoints for them, and
// a `fetch` that presents a certificate. On loopback, with Node alone.

import { createHash } from "node:crypto";
import { createServer, request as httpsRequest } from "node:https";
import { certificateAuthority } from "./certificates.mjs";
import { randomToken, readBody, respond } from "./wire.mjs";

/**
 * Two listeners, as in RFC 8705 section 5: one requests no certificate, and one accepts only clients with a certificate. Every refresh
 * token is bound to the certificate that it was issued to (section 4). `hasAliases`: the metadata name the second listener.
 */
export async function startMutualTls({ client_id, hasAliases = true }) {
  const authority = certificateAuthority();
  const server = authority.issue("server");
  const asked = [];
  /** Refresh token → thumbprint of its certificate. */
  const bound = new Map();
  const revoked = new Set();
  const tls = { ...server, ca: authority.ca };
  const front = await listening({ ...tls }, (req, res) => answer("front", req, res));
  const back = await listening({ ...tls, requestCert: true, rejectUnauthorized: true }, (req, res) =>
    answer("back", req, res),
  );

  async function answer(door, req, res) {
    if (req.url.startsWith("/.well-known/")) return respond(res, 200, metadata());
    const parameters = new URLSearchParams(await readBody(req));
    const certificate = door === "back" ? req.socket.getPeerCertificate() : {};
    const thumbprint = certificate.raw && createHash("sha256").update(certificate.raw).digest("base64url");
    const { headers, url: path } = req;
    asked.push({ door, path, parameters, headers, subject: certificate.subject?.CN });
    if (!thumbprint || parameters.get("client_id") !== client_id || headers.authorization)
      return respond(res, 401, { error: "invalid_client" });
    if (path === "/revoke") return (revoked.add(parameters.get("token")), respond(res, 200, {}));
    const refresh_token = parameters.get("refresh_token");
    if (bound.get(refresh_token) !== thumbprint || revoked.has(refresh_token))
      return respond(res, 400, { error: "invalid_grant" });
    bound.delete(refresh_token);
    respond(res, 200, grant(thumbprint));
  }

  function grant(thumbprint) {
    const refresh_token = randomToken();
    bound.set(refresh_token, thumbprint);
    return { access_token: randomToken(), token_type: "Bearer", expires_in: 3600, refresh_token };
  }

  const metadata = () => ({
    issuer: front.origin,
    token_endpoint: `${front.origin}/token`,
    revocation_endpoint: `${front.origin}/revoke`,
    token_endpoint_auth_methods_supported: ["tls_client_auth"],
    tls_client_certificate_bound_access_tokens: true,
    ...(hasAliases && {
      mtls_endpoint_aliases: {
        token_endpoint: `${back.origin}/token`,
        revocation_endpoint: `${back.origin}/revoke`,
      },
    }),
  });

  return {
    issuer: front.origin,
    token_endpoint: `${back.origin}/token`,
    ca: authority.ca,
    issue: authority.issue,
    asked,
    revoked,
    /** The tokens of a login with that certificate. */
    mint: ({ cert }) => grant(thumbprintOf(cert)),
    close: () => Promise.all([front.close(), back.close()]),
  };
}

/** A `fetch` over connections with this certificate. */
export const fetchWith =
  (tls) =>
  (url, { method = "GET", headers, body, signal } = {}) =>
    new Promise((resolve, reject) => {
      const asking = httpsRequest(url, { method, headers, signal, agent: false, ...tls }, (incoming) => {
        const chunks = [];
        incoming.on("data", (chunk) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const { statusCode: status, headers } = incoming;
          resolve(new Response(Buffer.concat(chunks), { status, headers }));
        });
      });
      asking.on("error", reject);
      asking.end(body);
    });

const thumbprintOf = (cert) =>
  createHash("sha256")
    .update(Buffer.from(cert.replace(/-----.*-----|\s/g, ""), "base64"))
    .digest("base64url");

async function listening(tls, handle) {
  const server = createServer(tls, (req, res) => handle(req, res).catch((error) => res.destroy(error)));
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    origin: `https://127.0.0.1:${server.address().port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
