// www/worker, the example application, as it is: a login, an API call, a sign-out, in workerd.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import ts from "typescript";
import { bundled } from "../runtimes/bundle.mjs";
import { complaints, onWorkers } from "../runtimes/compiler.mjs";
import { startApi } from "../servers/api.mjs";
import { listen, respond } from "../servers/wire.mjs";

const FOLDER = new URL("../../www/worker/", import.meta.url);
let api, session, desk, workerd, url;
before(async () => {
  api = await startApi();
  session = await (await fetch(`${api.origin}/sessions`, { method: "POST" })).json();
  desk = await startDesk();
  const { config } = ts.parseConfigFileTextToJson(
    "",
    readFileSync(new URL("wrangler.jsonc", FOLDER), "utf8"),
  );
  const [{ name, class_name: className }] = config.durable_objects.bindings;
  assert.deepEqual(config.migrations[0].new_sqlite_classes, [className]);
  const { modules } = await bundled(fileURLToPath(new URL(config.main, FOLDER)));
  workerd = new Miniflare({
    modules,
    compatibilityDate: config.compatibility_date,
    durableObjects: { [name]: { className, useSQLite: true } },
    bindings: {
      ...config.vars,
      AUTHORIZATION_ENDPOINT: `${desk.origin}/authorize`,
      TOKEN_ENDPOINT: `${desk.origin}/token`,
      REVOCATION_ENDPOINT: `${desk.origin}/revoke`,
      API: api.origin,
    },
  });
  url = await workerd.ready;
});
after(async () => {
  await workerd?.dispose();
  await Promise.all([api, desk].map((server) => server?.close()));
});

test("the example compiles", () => {
  const worker = readFileSync(new URL("worker.ts", FOLDER), "utf8");
  assert.deepEqual(complaints(onWorkers, [], { "worker.ts": worker }), []);
});

test("a person signs in calls the api and signs out without ever seeing a token", async () => {
  const jar = new Map();
  const visit = browser(jar);

  assert.equal((await visit("/api/x")).status, 401, "without a session");
  const toLogin = await visit("/login");
  const asked = new URL(toLogin.headers.get("location"));
  assert.equal(asked.origin + asked.pathname, `${desk.origin}/authorize`);
  const { state, code_challenge, redirect_uri } = Object.fromEntries(asked.searchParams);
  desk.expect({ code: "the-code", code_challenge, redirect_uri });

  assert.equal((await visit(`/callback?code=the-code&state=forged`)).status, 400);
  const back = await visit(`/callback?code=the-code&state=${state}`);
  assert.equal(back.status, 303);
  assert.equal(desk.refused, undefined);

  const path = new URL(session.base).pathname;
  const first = await visit(`/api${path}/api/me?a=1`);
  assert.deepEqual([first.status, (await first.json()).ok], [200, true]);
  await told({ dead: true });
  const body = "x".repeat(5000);
  const again = await visit(`/api${path}/api/me`, { method: "POST", body, headers: { origin: here() } });
  assert.deepEqual([again.status, (await again.json()).length], [200, 5000], "refreshed and sent once more");
  assert.equal((await visit(`/api${path}/api/me`, { method: "POST", body })).status, 403, "from elsewhere");

  const { calls, tokens } = await (await fetch(`${session.base}/log`)).json();
  assert.equal(tokens, 1);
  assert.ok(calls.every(({ headers }) => headers.cookie === undefined));

  const stale = browser(new Map(jar));
  const out = await visit("/logout", { method: "POST", headers: { origin: here() } });
  assert.deepEqual([out.status, jar.size], [303, 0]);
  assert.equal(desk.revoked, 1);
  assert.equal((await visit(`/api${path}/api/me`)).status, 401);
  assert.equal(
    (await stale(`/api${path}/api/me`)).status,
    401,
    "a cookie whose session is over is no outage",
  );
});

const here = () => url.origin;

const told = (change) => fetch(`${session.base}/tell`, { method: "POST", body: JSON.stringify(change) });

/** Follows nothing, and keeps cookies; what it is shown holds no token. */
function browser(jar) {
  return async (path, { headers, ...init } = {}) => {
    const cookie = [...jar].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(new URL(path, url), {
      redirect: "manual",
      headers: { cookie, ...headers },
      ...init,
    });
    for (const line of response.headers.getSetCookie()) {
      assert.match(line, /; Path=\/; Secure; HttpOnly; SameSite=Lax/);
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return response;
  };
}

/** The authorization server's code desk; it refreshes at the session of the API server. */
async function startDesk() {
  let expected;
  const desk = { revoked: 0, expect: (login) => (expected = login) };
  const server = await listen(async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    if (req.url === "/revoke") return (desk.revoked++, respond(res, 200, ""));
    if (form.get("grant_type") === "refresh_token") {
      const reply = await fetch(session.token_endpoint, { method: "POST", body: form });
      return respond(res, reply.status, await reply.text());
    }
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(form.get("code_verifier")));
    const isRight =
      form.get("grant_type") === "authorization_code" &&
      form.get("code") === expected.code &&
      form.get("redirect_uri") === expected.redirect_uri &&
      Buffer.from(digest).toString("base64url") === expected.code_challenge;
    if (!isRight) desk.refused = Object.fromEntries(form);
    respond(res, isRight ? 200 : 400, isRight ? session.tokens : { error: "invalid_grant" });
  });
  return Object.assign(desk, server);
}
