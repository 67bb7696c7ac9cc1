// A token endpoint on loopback, in a process of its own so that its CPU time and its pauses are not those of what is measured. It also
// serves the files of a folder, compressed as a CDN does.

import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const SELF = fileURLToPath(import.meta.url);
const RENEWED = {
  access_token: "a-renewed-access-token",
  refresh_token: "a-renewed-refresh-token",
  token_type: "Bearer",
  expires_in: 3600,
  scope: "openid",
  user: { id: "user" },
};

if (process.argv[1] === SELF) serve(process.argv[2]);

export async function startServer(folder = "") {
  const child = fork(SELF, [folder]);
  const port = await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
  const close = () =>
    new Promise((resolve) => {
      child.once("exit", resolve);
      child.disconnect();
    });
  return { origin: `http://127.0.0.1:${port}`, close };
}

function serve(folder) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://loopback");
    if (pathname.endsWith("/token")) return token(request, response);
    if (!folder || pathname === "/empty") return page(response, "<!doctype html><title>Empty</title>");
    const path = join(folder, normalize(pathname), pathname.endsWith("/") ? "index.html" : "");
    return file(path, request, response);
  });
  server.listen(0, "127.0.0.1", () => process.send(server.address().port));
  process.once("disconnect", () => process.exit());
}

function token(request, response) {
  request.resume().once("end", () => {
    response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
    response.end(JSON.stringify(RENEWED));
  });
}

function page(response, text) {
  response.writeHead(200, { "Content-Type": "text/html", "Cache-Control": "no-cache" });
  response.end(text);
}

/** `FILE.br` lies beside each script. */
function file(path, request, response) {
  try {
    if (path.endsWith(".html")) return page(response, readFileSync(path));
    const compressed = readFileSync(`${path}.br`);
    response.writeHead(200, {
      "Content-Type": "text/javascript",
      "Content-Encoding": "br",
      "Cache-Control": "max-age=31536000, immutable",
    });
    response.end(compressed);
  } catch {
    response.writeHead(404).end();
  }
}
