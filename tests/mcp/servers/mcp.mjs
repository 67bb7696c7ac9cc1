// An MCP server with the SDK's own transports, Streamable HTTP and SSE, protected as the protocol says: a 401 names the metadata
// (RFC 9728), a 403 the scope that is missing (RFC 6750 §3.1).

import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { SSEServerTransport } from "@modelcontextprotocol/sdk/server/sse.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { CallToolRequestSchema, ListToolsRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { listen, readBody, respond } from "../../servers/wire.mjs";

/**
 * `authorization` may be set to another server later. familyOf: the login of an access token; default that of `authorization`. The tool
 * `echo` wants the scope mcp:read, `administer` mcp:admin.
 */
export async function startMcp({ authorization, familyOf, beside } = {}) {
  const counts = { calls: 0, refused: 0, discoveries: 0 };
  const tokensSeen = new Set();
  const streams = new Map();
  const self = { authorization, counts, tokensSeen, isRefusing: false };
  const server = await listen(handle);
  const resource = `${server.origin}/mcp`;
  const metadataUrl = `${server.origin}/.well-known/oauth-protected-resource/mcp`;

  async function handle(req, res) {
    const { pathname, searchParams } = new URL(req.url, "http://127.0.0.1");
    if (pathname.startsWith("/.well-known/oauth-protected-resource")) {
      counts.discoveries += 1;
      const authorization_servers = [self.authorization.issuer];
      return respond(res, 200, {
        resource,
        authorization_servers,
        scopes_supported: ["mcp:read"],
        ...self.metadata,
      });
    }
    if (pathname !== "/mcp" && pathname !== "/mcp/sse" && pathname !== "/mcp/messages")
      return beside ? beside(req, res) : respond(res, 404, { error: "not_found" });
    const family = await admitted(req, res);
    if (!family) return;
    if (pathname === "/mcp/sse") return openStream(res);
    const text = req.method === "POST" ? await readBody(req) : undefined;
    const body = text ? JSON.parse(text) : undefined;
    const wanted =
      body?.method === "tools/call" && body.params.name === "administer" ? "mcp:admin" : "mcp:read";
    if (!family.scope.split(" ").includes(wanted)) return refuseScope(res, wanted);
    if (body?.method === "tools/call") counts.calls += 1;
    if (pathname === "/mcp/messages")
      return streams.get(searchParams.get("sessionId")).handlePostMessage(req, res, body);
    if (req.method !== "POST") return respond(res, 405, {});
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: undefined,
      enableJsonResponse: true,
    });
    await protocol().connect(transport);
    res.once("close", () => transport.close());
    await transport.handleRequest(req, res, body);
  }

  /** RFC 6750 §2.1, RFC 9449 §7.1. */
  async function admitted(req, res) {
    const [, scheme, token] = /^(Bearer|DPoP) (\S+)$/i.exec(req.headers.authorization ?? "") ?? [];
    if (token) tokensSeen.add(token);
    const family = token && !self.isRefusing && (await (familyOf ?? self.authorization.familyOf)(token));
    if (family && family.resource === resource && isProven(family, scheme, token, req, res)) return family;
    if (res.headersSent) return;
    counts.refused += 1;
    const error = token ? 'error="invalid_token", ' : "";
    respond(res, 401, {}, { "WWW-Authenticate": `Bearer ${error}resource_metadata="${metadataUrl}"` });
  }

  function isProven({ jkt }, scheme, token, req, res) {
    if (!jkt) return /^bearer$/i.test(scheme);
    try {
      const url = `${server.origin}${new URL(req.url, server.origin).pathname}`;
      const proof = self.authorization.proofs.check(req.headers.dpop, {
        method: req.method,
        url,
        access_token: token,
      });
      return /^dpop$/i.test(scheme) && proof.jkt === jkt;
    } catch (problem) {
      if (!problem.error) throw problem;
      const nonce = problem.nonce ? { "DPoP-Nonce": problem.nonce } : {};
      respond(res, 401, {}, { "WWW-Authenticate": `DPoP error="${problem.error}", algs="ES256"`, ...nonce });
    }
  }

  function refuseScope(res, wanted) {
    const challenge = `Bearer error="insufficient_scope", scope="mcp:read ${wanted}", resource_metadata="${metadataUrl}"`;
    respond(res, 403, {}, { "WWW-Authenticate": challenge });
  }

  async function openStream(res) {
    const transport = new SSEServerTransport("/mcp/messages", res);
    streams.set(transport.sessionId, transport);
    res.once("close", () => streams.delete(transport.sessionId));
    await protocol().connect(transport);
  }

  return Object.assign(self, {
    origin: server.origin,
    url: resource,
    sseUrl: `${server.origin}/mcp/sse`,
    close: server.close,
  });
}

function protocol() {
  const server = new Server({ name: "rig", version: "1.0.0" }, { capabilities: { tools: {} } });
  const inputSchema = { type: "object", properties: {} };
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: ["echo", "administer"].map((name) => ({ name, inputSchema })),
  }));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => ({
    content: [{ type: "text", text: params.name }],
  }));
  return server;
}
