// The servers of the tour: in each world one authorization server, one API and one shared store, all in this process.
//
// A world belongs to one side of one story, so that the two sides never meet. Access tokens are JWTs of one hour. Refresh tokens
// are good for one use; a second use revokes the session (RFC 9700 section 4.14.2), unless it comes inside the grace period.

import { createHmac, randomBytes, randomUUID } from "node:crypto";
import { faultPlan, underFault } from "../../tests/servers/faults.mjs";
import {
  allowPages,
  answeredPreflight,
  bearerToken,
  challenge,
  listen,
  randomToken,
  readBody,
  respond,
} from "../../tests/servers/wire.mjs";

const ACCESS_TOKEN_SECONDS = 3600;
const REPLY_MS = 150; // as long as a request takes on the internet
const RATE_WINDOW_MS = 10_000;
const LEASE_MS = 10_000;
const MOST_WORLDS = 200;

export async function startTourServers() {
  const worlds = new Map();
  const signingKey = randomBytes(32);
  const server = await listen(async (req, res) => {
    if (answeredPreflight(req, res)) return;
    allowPages(res);
    const [, id, part] = new URL(req.url, "http://loopback").pathname.split("/");
    if (id === "worlds" && req.method === "POST")
      return respond(res, 200, created(JSON.parse(await readBody(req))));
    const world = worlds.get(id);
    const answer = world && Object.hasOwn(PARTS, `${req.method} ${part}`) && PARTS[`${req.method} ${part}`];
    if (!answer) return respond(res, 404, { error: "not_found" });
    return answer(world, req, res);
  });

  function created({ graceSeconds = 0 }) {
    const id = randomToken(6);
    worlds.set(id, newWorld(id, graceSeconds, signingKey));
    if (worlds.size > MOST_WORLDS) worlds.delete(worlds.keys().next().value);
    const base = `${server.origin}/${id}`;
    return {
      id,
      base,
      token_endpoint: `${base}/token`,
      revocation_endpoint: `${base}/revoke`,
      client_id: "tour",
      api: `${base}/api`,
      reuse: graceSeconds ? { graceSeconds } : "never",
    };
  }
  return { origin: server.origin, close: server.close };
}

const PARTS = {
  /** What the story does to this world: `pass` seconds, the next `faults`, a rate `limit`. */
  async "POST tell"(world, req, res) {
    const { pass = 0, faults = [], limit } = JSON.parse(await readBody(req));
    world.passedMs += pass * 1000;
    world.faults.next = [...world.faults.next, ...faults];
    if (limit) world.limit = limit;
    respond(res, 200, {});
  },

  "POST login"(world, req, res) {
    respond(res, 200, world.tokens(randomUUID()));
  },

  async "POST token"(world, req, res) {
    await underFault(world.fault(), req, res, async () => {
      const parameters = new URLSearchParams(await readBody(req));
      const reply = world.exchanged(parameters.get("refresh_token"));
      await new Promise((sent) => setTimeout(sent, REPLY_MS));
      respond(res, reply.error ? 400 : 200, reply);
    });
  },

  async "POST revoke"(world, req, res) {
    world.revoke(new URLSearchParams(await readBody(req)).get("token"));
    respond(res, 200, {});
  },

  "GET api"(world, req, res) {
    const token = bearerToken(req);
    if (!world.accepts(token)) return challenge(res, token !== null);
    respond(res, 200, { ok: true });
  },

  "GET store"(world, req, res) {
    respond(res, 200, { value: world.stored });
  },

  /** Without `expected` it is written in any case; with it only if that is what is stored. */
  async "POST store"(world, req, res) {
    const { value, expected } = JSON.parse(await readBody(req));
    const isFree = expected === undefined || (world.stored?.generation ?? null) === expected;
    if (isFree) world.stored = value;
    respond(res, 200, { saved: isFree });
  },

  async "POST lock"(world, req, res) {
    const { owner, release } = JSON.parse(await readBody(req));
    const isMine = world.lease?.owner === owner;
    if (release && isMine) world.lease = null;
    if (release || (world.lease && !isMine && Date.now() < world.lease.endsMs))
      return respond(res, 200, { held: false });
    world.lease = { owner, endsMs: Date.now() + LEASE_MS };
    respond(res, 200, { held: true });
  },
};

function newWorld(id, graceSeconds, signingKey) {
  const refreshTokens = new Map(); // token → { session, usedMs }
  const ended = new Set();
  const asked = [];
  const nowMs = () => Date.now() + world.passedMs;

  const world = {
    passedMs: 0,
    limit: Infinity,
    faults: faultPlan(),
    stored: null,
    lease: null,

    fault() {
      asked.push(Date.now());
      const recent = asked.filter((atMs) => atMs > Date.now() - RATE_WINDOW_MS).length;
      return recent > world.limit ? { name: "429" } : world.faults.take();
    },

    tokens(session) {
      const refresh_token = randomToken(24);
      refreshTokens.set(refresh_token, { session, usedMs: null });
      const exp = Math.floor(nowMs() / 1000) + ACCESS_TOKEN_SECONDS;
      const access_token = signed({ sub: "ada", session, exp, jti: randomUUID() }, signingKey);
      return { access_token, token_type: "Bearer", expires_in: ACCESS_TOKEN_SECONDS, refresh_token };
    },

    exchanged(refresh_token) {
      const known = refreshTokens.get(refresh_token);
      if (!known || ended.has(known.session)) return { error: "invalid_grant" };
      if (known.usedMs !== null && nowMs() >= known.usedMs + graceSeconds * 1000) {
        ended.add(known.session);
        return { error: "invalid_grant", error_description: "used twice: the session is revoked" };
      }
      known.usedMs ??= nowMs();
      return world.tokens(known.session);
    },

    revoke(token) {
      const session = refreshTokens.get(token)?.session ?? claims(token)?.session;
      if (session) ended.add(session);
    },

    accepts(token) {
      const { session, exp } = claims(token, signingKey) ?? {};
      return Boolean(session) && exp * 1000 > nowMs() && !ended.has(session);
    },
  };
  return world;
}

function signed(payload, key) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${encode({ alg: "HS256", typ: "at+jwt" })}.${encode(payload)}`;
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

/** The claims of a token that is ours; with no `key`, of any. */
function claims(token, key) {
  const [header, payload, signature] = String(token).split(".");
  if (!signature) return null;
  const own = key && createHmac("sha256", key).update(`${header}.${payload}`).digest("base64url");
  if (key && own !== signature) return null;
  return JSON.parse(Buffer.from(payload, "base64url").toString());
}
