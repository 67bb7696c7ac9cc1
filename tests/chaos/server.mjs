// A strict authorization server on loopback: each refresh token is good for one use, and a second use ends the session (RFC 9700
// section 4.14.2). It commits when the request arrives, and replies
// after `delayMs`, or when `release` is called after `hold`. Not a test by itself.
import { createServer } from "node:http";

export async function startServer({ expires_in = 1, delayMs = 20 } = {}) {
  const counts = { requests: 0, rotations: 0, secondUses: 0 };
  /** @type {{ worker?: string, successor: string, at: number } | undefined} */
  let last;
  let families = 0;
  let rotation = 0;
  let current = "";
  let ended = false;
  let held = Promise.resolve();
  let release = () => {};
  const used = new Set();

  const tokens = () => {
    current = `refresh-${families}-${++rotation}`;
    return {
      access_token: `access-${families}-${rotation}`,
      refresh_token: current,
      token_type: "Bearer",
      expires_in,
    };
  };

  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const token = new URLSearchParams(Buffer.concat(chunks).toString()).get("refresh_token");
    counts.requests++;
    let status = 400;
    let reply = { error: "invalid_grant" };
    if (token === current && !ended) {
      used.add(token);
      counts.rotations++;
      [status, reply] = [200, tokens()];
      last = { worker: request.headers["x-worker"], successor: current, at: performance.now() };
    } else if (used.has(token)) {
      counts.secondUses++;
      ended = true;
    }
    server.emit("token request", request.headers["x-worker"]);
    await new Promise((resolve) => setTimeout(resolve, api.delayMs));
    await held;
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(reply));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

  const api = {
    delayMs,
    counts,
    token_endpoint: `http://127.0.0.1:${server.address().port}/token`,
    /** The worker of the next token request. */
    asked: () => new Promise((resolve) => server.once("token request", resolve)),
    /** Replies wait from now on, until they are released. */
    hold() {
      held = new Promise((resolve) => (release = resolve));
    },
    release: () => release(),
    /** A new session, whose first access token has run out. */
    login() {
      families++;
      ended = false;
      last = undefined;
      used.clear();
      const { expires_in: _, ...first } = tokens();
      return { ...first, expires_at: 1 };
    },
    get ended() {
      return ended;
    },
    get last() {
      return last;
    },
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
  return api;
}
