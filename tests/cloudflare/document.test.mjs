// The Worker of docs/cloudflare.md as it stands there, in workerd, with the wrangler.jsonc beside it: a login, a call, a visitor who is
// signed out. Only its two addresses are replaced. And the plain Worker of that page.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { Miniflare, Response as MiniflareResponse } from "miniflare";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import ts from "typescript";
import { recipesOf } from "../compose/recipes.mjs";
import { bundled } from "../runtimes/bundle.mjs";
import { listen, respond } from "../servers/wire.mjs";

const FOLDER = fileURLToPath(new URL("../node_modules/.document-worker/", import.meta.url));
const printed = [];
let server, workerd, url, fake, challenge;

before(async () => {
  server = await listen(answer);
  fake = fakeAuthorizationServer({
    client_id: "my-worker",
    client_secret: "the-secret-of-a-worker",
    token_endpoint: `${server.origin}/token`,
  });
  const worker = recipesOf("docs/cloudflare.md")["worker.ts"];
  await mkdir(FOLDER, { recursive: true });
  await writeFile(`${FOLDER}worker.ts`, worker.replace(/https:\/\/(auth|api)\.example/g, server.origin));
  const page = await readFile(new URL("../../docs/cloudflare.md", import.meta.url), "utf8");
  const [, json] = /^```jsonc\n\/\/ wrangler.jsonc\n([^]*?)^```/m.exec(page);
  const { config } = ts.parseConfigFileTextToJson("", json);
  const [{ name, class_name: className }] = config.durable_objects.bindings;
  assert.deepEqual(config.migrations[0].new_sqlite_classes, [className]);
  const { modules } = await bundled(`${FOLDER}${config.main}`);
  workerd = new Miniflare({
    modules,
    compatibilityDate: config.compatibility_date,
    durableObjects: { [name]: { className, useSQLite: true } },
    bindings: { CLIENT_SECRET: "the-secret-of-a-worker" },
    handleRuntimeStdio: (stdout, stderr) => {
      for (const stream of [stdout, stderr]) stream.on("data", (chunk) => printed.push(String(chunk)));
    },
  });
  url = await workerd.ready;
});

after(async () => {
  await workerd?.dispose();
  await server?.close();
  await rm(FOLDER, { recursive: true, force: true });
});

test("a person logs in, and the API is called with the token that only the vault has", async () => {
  const toLogin = await visit("/login");
  assert.equal(toLogin.status, 303);
  const asked = new URL(toLogin.headers.get("location"));
  challenge = asked.searchParams.get("code_challenge");
  assert.equal(asked.searchParams.get("redirect_uri"), new URL("/callback", url).href);
  const begun = cookieOf(toLogin);
  const state = asked.searchParams.get("state");

  assert.equal((await visit(`/callback?code=c&state=${state}`)).status, 400, "another browser");
  assert.equal((await visit("/callback?code=c&state=forged", begun)).status, 400);
  const back = await visit(`/callback?code=c&state=${state}`, begun);
  assert.deepEqual([back.status, back.headers.get("location")], [303, "/"]);

  const answered = await visit("/", cookieOf(back));
  assert.deepEqual([answered.status, await answered.json()], [200, { ok: true }]);
  assert.doesNotMatch(cookieOf(back), new RegExp(fake.login().access_token.slice(0, 12)));
});

test("a visitor who is signed out gets 401, and nothing is printed as uncaught", async () => {
  assert.equal((await visit("/")).status, 401);
  const stranger = await visit("/", "__Host-session=never-logged-in");
  assert.deepEqual([stranger.status, await stranger.text()], [401, "signed_out"]);
  assert.deepEqual(printed, []);
});

test("with tenants each vault asks its tenant's own server", async () => {
  const servers = {
    "acme.app.example": ["https://login.acme.example/token", "my-worker", "the-secret-of-acme"],
    "globex.app.example": ["https://id.globex.example/token", "worker-7", "the-secret-of-globex"],
  };
  const fakes = Object.values(servers).map(([token_endpoint, client_id, client_secret]) =>
    fakeAuthorizationServer({ token_endpoint, client_id, client_secret }),
  );
  const worker = `${recipesOf("docs/cloudflare.md")["tenants.ts"]}
    export class Door extends Vault { logIn(reply: string) { return this.setTokens(JSON.parse(reply)); } }`;
  await writeFile(`${FOLDER}tenants.ts`, worker);
  const tenants = new Miniflare({
    ...(await bundled(`${FOLDER}tenants.ts`)),
    compatibilityDate: "2026-07-01",
    durableObjects: { VAULT: { className: "Door", useSQLite: true } },
    bindings: { ACME_SECRET: "the-secret-of-acme", GLOBEX_SECRET: "the-secret-of-globex" },
    outboundService: async (request) => {
      const { method, headers } = request;
      const body = method == "POST" ? await request.text() : undefined;
      const sent = () => new Request(request.url, { method, headers: Object.fromEntries(headers), body });
      const [asked] = fakes.filter(({ token_endpoint }) => token_endpoint === request.url);
      const reply = await (asked ?? fakes.find((one) => one.isLast)).fetch(sent());
      return new MiniflareResponse(await reply.text(), { status: reply.status });
    },
  });
  try {
    const vaults = await tenants.getDurableObjectNamespace("VAULT");
    for (const [number, host] of Object.keys(servers).entries()) {
      const fake = fakes[number];
      fakes.forEach((one) => (one.isLast = one === fake));
      const { refresh_token } = fake.login();
      const vault = vaults.get(vaults.idFromName(`${host.split(".")[0]}:a-session`));
      await vault.logIn(JSON.stringify({ refresh_token }));
      const as = (cookie) => tenants.dispatchFetch(`https://${host}/`, { headers: { cookie } });
      assert.equal((await as("__Host-session=a-session")).status, 200);
      assert.equal(fake.requests.length, 1, host);
      assert.equal((await as("")).status, 401);
    }
    const stranger = { headers: { cookie: "__Host-session=a-session" } };
    assert.equal((await tenants.dispatchFetch("https://other.app.example/", stranger)).status, 401);
  } finally {
    await tenants.dispose();
  }
});

test("the plain Worker of the page calls the API with the refresh token of its environment", async () => {
  const { refresh_token } = fake.login();
  const plain = recipesOf("docs/cloudflare.md")["plain.ts"];
  await writeFile(`${FOLDER}plain.ts`, plain.replace(/https:\/\/(auth|api)\.example/g, server.origin));
  const worker = new Miniflare({
    ...(await bundled(`${FOLDER}plain.ts`)),
    compatibilityDate: "2026-07-01",
    bindings: { CLIENT_SECRET: "the-secret-of-a-worker", REFRESH_TOKEN: refresh_token },
  });
  try {
    const answers = await Promise.all([1, 2, 3].map(async () => fetch(await worker.ready)));
    for (const answer of answers) assert.deepEqual([answer.status, await answer.json()], [200, { ok: true }]);
    const sent = fake.requests.filter(({ parameters }) => parameters.refresh_token === refresh_token);
    assert.equal(sent.length, 1, "all requests of the isolate share one refresh");
  } finally {
    await worker.dispose();
  }
});

const visit = (path, cookie = "") => fetch(new URL(path, url), { redirect: "manual", headers: { cookie } });

const cookieOf = (response) => response.headers.getSetCookie()[0].split(";")[0];

/** The authorization server's code, its refreshes, and the API. */
async function answer(request, response) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString();
  const form = new URLSearchParams(body);
  if (form.get("grant_type") === "authorization_code") {
    const made = createHash("sha256").update(form.get("code_verifier")).digest("base64url");
    const isRight = made === challenge && request.headers.authorization.startsWith("Basic ");
    return respond(response, isRight ? 200 : 400, isRight ? fake.login() : { error: "invalid_grant" });
  }
  const { method, headers } = request;
  const reply = await fake.fetch(
    new Request(server.origin + request.url, { method, headers, ...(body && { body }) }),
  );
  respond(response, reply.status, await reply.text());
}
