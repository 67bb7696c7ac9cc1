// A proxy between the tabs and oidc-provider that records which tab sent a request, how long it took, and its secrets.

import { setTimeout as delay } from "node:timers/promises";
import { startOidc } from "../../servers/index.mjs";
import { allowPages, listen, readBody, respond } from "../../servers/wire.mjs";

const LIFE_SECONDS = 2;

export async function startWire() {
  const oidc = await startOidc({ accessTokenSeconds: LIFE_SECONDS });
  const { client_id, client_secret } = oidc.clients.post;
  const requests = [];
  const secrets = new Set([client_secret]);
  const places = new Map(); // refresh token → its login, and its number in that login
  let families = 0;
  let next = { arrived() {}, answered() {} };
  const server = await listen(handle);

  async function handle(req, res) {
    if (req.method !== "POST") return respond(res, 404, {});
    const body = await readBody(req);
    const given = new URLSearchParams(body);
    const place = places.get(given.get("refresh_token")) ?? { family: 0, number: 0 };
    const entry = { ...place, life: Number(given.get("life")), arrivedMs: Date.now(), repliedMs: Infinity };
    requests.push(entry);
    next.arrived(entry);
    const { "content-type": type } = req.headers;
    const reply = await fetch(oidc.token_endpoint, {
      method: "POST",
      body,
      headers: { "content-type": type },
    });
    const text = await reply.text();
    Object.assign(entry, { status: reply.status, isGranted: reply.ok });
    if (reply.ok) learn(JSON.parse(text), { family: place.family, number: place.number + 1 });
    await delay(replyDelayMs());
    entry.repliedMs = Date.now();
    allowPages(res);
    respond(res, reply.status, text);
    next.answered(entry);
  }

  function learn({ access_token, refresh_token, id_token }, place) {
    for (const secret of [access_token, refresh_token, id_token]) if (secret) secrets.add(secret);
    places.set(refresh_token, place);
  }

  return {
    origin: server.origin,
    provider: {
      token_endpoint: `${server.origin}/token`,
      client_id,
      client_secret,
      clientAuth: "client_secret_post",
    },
    requests,
    secrets,
    /** The counts of oidc-provider itself. */
    counted: oidc.requests,
    hear: (listener) => void (next = listener),
    async logIn() {
      const tokens = await oidc.mint("post");
      families += 1;
      learn(tokens, { family: families, number: 1 });
      return { tokens, login: families };
    },
    close: () => Promise.all([server.close(), oidc.close()]),
  };
}

/** Mostly as fast as a nearby server, sometimes slow enough that a tab is killed during the request. */
function replyDelayMs() {
  return Math.random() < 0.2 ? 200 + 600 * Math.random() : 20 + 80 * Math.random();
}
