// The server of one fixture: it grants tokens, is the API, takes the report, and serves the built files.

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".css": "text/css",
};
const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "*, Authorization",
  "Access-Control-Allow-Methods": "*",
  "Access-Control-Allow-Private-Network": "true",
};

/** `folder` is what it serves; `headers` go with every file of it, `pages` are there without a file. */
export async function startLoopback() {
  const live = { refresh: new Set(), access: new Set() };
  const site = { folder: undefined, headers: {}, pages: {} };
  /** What came that nothing waited for yet, and what waits for something to come. */
  const reports = [];
  const waiting = [];

  const routes = {
    "/login": () => ({ refresh_token: issued(live.refresh) }),
    "/token": (request, body) => {
      const given = new URLSearchParams(body);
      const isGood =
        given.get("grant_type") === "refresh_token" && live.refresh.delete(given.get("refresh_token"));
      if (!isGood) return { status: 400, error: "invalid_grant" };
      const [access_token, refresh_token] = [issued(live.access), issued(live.refresh)];
      return { access_token, refresh_token, token_type: "Bearer", expires_in: 3600 };
    },
    "/api": (request) => {
      const [, seen] = /^Bearer (.+)$/.exec(request.headers.authorization ?? "") ?? [];
      return live.access.has(seen) ? { seen } : { status: 401 };
    },
    "/report": (request, body) => {
      (waiting.shift() ?? ((report) => reports.push(report)))(JSON.parse(body));
      return {};
    },
  };

  const http = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1");
    if (request.method === "OPTIONS") return response.writeHead(204, CORS).end();
    let body = "";
    for await (const chunk of request) body += chunk;
    if (pathname === "/core.wasm")
      return response
        .writeHead(200, { ...CORS, ...site.headers, "Content-Type": "application/wasm" })
        .end(server.core);
    const { status = 200, ...reply } = routes[pathname]?.(request, body) ?? (await file(pathname));
    if (reply.bytes) return response.writeHead(status, { ...CORS, ...reply.headers }).end(reply.bytes);
    response.writeHead(status, { ...CORS, "Content-Type": "application/json" }).end(JSON.stringify(reply));
  });

  async function file(pathname) {
    const { folder, headers, pages } = site;
    const page = pages[pathname];
    const path =
      folder && join(folder, normalize(pathname.endsWith("/") ? `${pathname}index.html` : pathname));
    const bytes = page ?? (path ? await readFile(path).catch(() => undefined) : undefined);
    if (bytes === undefined) return { status: 404 };
    const type = page === undefined ? (TYPES[extname(path)] ?? "application/octet-stream") : "text/html";
    return { bytes, headers: { "Content-Type": type, ...headers } };
  }

  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  const server = {
    base: `http://127.0.0.1:${http.address().port}`,
    /** The bytes of core.wasm. */
    core: undefined,
    site,
    /** The next report that comes, in their order. */
    report: async () => reports.shift() ?? new Promise((resolve) => waiting.push(resolve)),
    close: () => new Promise((resolve) => (http.close(resolve), http.closeAllConnections())),
  };
  return server;
}

function issued(live) {
  const token = randomUUID();
  live.add(token);
  return token;
}
