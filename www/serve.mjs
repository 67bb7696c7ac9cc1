// Serves the page, the package it imports, and the few things its controls ask of the demo servers. Loopback only.

import { createHash, randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { sessionsOf } from "./demo-servers.mjs";
import { importMap } from "./installed.mjs";
import { startTourServers } from "./tour/server.mjs";

const PAGE = fileURLToPath(new URL(".", import.meta.url));
const SHOWN = ["oidc", "go1", "goto", "vault"];
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** `servers` are startDemoServers' or startAll's; `packageDirectory` is where the package was installed. */
export async function servePage({ port = 0, packageDirectory, servers }) {
  const entries = new Map(sessionsOf(servers).map((entry) => [entry.session.name, entry]));
  const run = randomBytes(4).toString("hex"); // sessions of an earlier run, on the same port, are not these
  const map = JSON.stringify(await importMap(packageDirectory, "/package"));
  const tour = await startTourServers();
  const policy = contentSecurityPolicy(map, [
    tour.origin,
    ...[...entries.values()].map(({ server }) => server.origin),
  ]);

  const server = createServer((req, res) => {
    answer(req, res).catch((error) => {
      process.stderr.write(`the page's server failed: ${error.stack}\n`);
      res.headersSent
        ? res.destroy()
        : reply(res, 500, "text/plain", "This server has a bug; its terminal says which.");
    });
  });

  async function answer(req, res) {
    // A page of another origin whose name was rebound to loopback still sends its own name.
    if (!isLoopback(req.headers.host))
      return reply(res, 421, "text/plain", "Open this page as http://127.0.0.1");
    const { pathname } = new URL(req.url, "http://loopback");
    if (pathname === "/session" || pathname.startsWith("/session/")) return control(req, res, pathname);
    if (req.method !== "GET" && req.method !== "HEAD") return reply(res, 405, "text/plain", "GET only");
    if (pathname === "/") return page(res, "index.html");
    if (pathname === "/tour/frame.html") return page(res, "tour/frame.html");
    const inPackage = pathname.startsWith("/package/");
    const path = inPackage ? pathname.slice("/package/".length) : pathname.slice(1);
    return file(res, inPackage ? packageDirectory : PAGE, path);
  }

  async function page(res, path) {
    const html = await readFile(resolve(PAGE, path), "utf8");
    const withMap = html.replace("<!-- import map -->", `<script type="importmap">${map}</script>`);
    return reply(res, 200, TYPES[".html"], withMap, { "Content-Security-Policy": policy });
  }

  async function control(req, res, pathname) {
    if (pathname === "/session") {
      return json(res, 200, {
        run,
        tour: tour.origin,
        sessions: SHOWN.map((name) => entries.get(name).session),
      });
    }
    const [, , name, action] = pathname.split("/");
    const entry = entries.get(name);
    const handler = Object.hasOwn(CONTROLS, `${req.method} ${action}`) && CONTROLS[`${req.method} ${action}`];
    if (!entry || !handler) return json(res, 404, { message: "There is no such session or control." });
    // Another origin cannot send JSON without a preflight, which is refused here.
    if (req.method === "POST" && req.headers["content-type"] !== "application/json") {
      return json(res, 415, { message: "Content-Type must be application/json." });
    }
    try {
      const body = req.method === "POST" ? JSON.parse((await text(req)) || "{}") : {};
      return json(res, 200, (await handler(entry, body)) ?? {});
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      return json(res, 400, { message: error.message });
    }
  }

  await new Promise((listening, failed) => {
    server.once("error", (error) => tour.close().then(() => failed(error)));
    server.listen(port, "127.0.0.1", listening);
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      await tour.close();
      await new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      });
    },
  };
}

const CONTROLS = {
  "GET config": ({ session }) => session,
  "GET login": (entry) => entry.login(),
  "GET log": (entry) => entry.log(),
  "POST fault": ({ server }, { name }) => {
    server.faults.next = [...server.faults.next, String(name)];
  },
  "POST pass-hours": ({ server }, { hours }) => {
    if (!(hours > 0 && hours <= 24 * 366))
      throw new TypeError("hours must be a number above 0, a year at most");
    server.passHours?.(hours); // oidc-provider keeps the machine's time
  },
  "POST reject": ({ server }) => server.rejectAccessTokens(),
  "POST end": ({ server }) => server.endSessions(),
};

function contentSecurityPolicy(map, origins) {
  const hash = createHash("sha256").update(map).digest("base64");
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}' 'wasm-unsafe-eval'`,
    "style-src 'self'",
    "img-src 'self'",
    "frame-src 'self'", // the tabs of the tour
    `connect-src 'self' ${[...new Set(origins)].join(" ")}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join("; ");
}

async function file(res, root, path) {
  const type = TYPES[extname(path)];
  const full = resolve(root, decoded(path) ?? "");
  if (!type || !full.startsWith(resolve(root) + sep)) return reply(res, 404, "text/plain", "Not found");
  try {
    return reply(res, 200, type, await readFile(full));
  } catch (error) {
    if (error.code !== "ENOENT" && error.code !== "EISDIR") throw error;
    return reply(res, 404, "text/plain", "Not found");
  }
}

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

function isLoopback(host = "") {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host);
}

async function text(req) {
  let body = "";
  for await (const chunk of req.setEncoding("utf8")) {
    body += chunk;
    if (body.length > 1024) throw new TypeError("the body is larger than 1 KiB");
  }
  return body;
}

const json = (res, status, value) => reply(res, status, "application/json", JSON.stringify(value));

function reply(res, status, type, body, headers = {}) {
  res.writeHead(status, {
    "Content-Type": type,
    "Cache-Control": "no-store", // logins pass here, and a rebuilt package must be seen
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    ...headers,
  });
  res.end(body);
}
