// The Worker of docs/cloudflare.md as it stands there, in workerd, with the wrangler.jsonc beside it: a login, a call, a visitor who is
// signed out. Only its two addresses are replaced.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { Miniflare } from "miniflare";
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
