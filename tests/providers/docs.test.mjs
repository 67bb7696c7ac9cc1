// The committed declarations and the table of docs/providers.md are current, and the JSON object on that page is a working provider.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { clientFor } from "./client.mjs";
import { rows } from "../../pkg-template/providers/source/rows.mjs";
import { startRow } from "./server.mjs";

const ROOT = new URL("../../", import.meta.url);
/** Built from the rows by `cargo xtask build`. */
const PACKAGE = dirname(createRequire(import.meta.url).resolve("oauth-refresher/package.json"));
const read = (name) => readFileSync(new URL(name, ROOT), "utf8");

test("the committed declarations and table are those that the build generates", () => {
  const declarations = readdirSync(join(PACKAGE, "providers/types")).map((name) => `providers/types/${name}`);
  assert.ok(declarations.length >= rows.filter(({ without }) => !without).length);
  for (const name of [...declarations, "providers/index.d.ts", "docs/providers.md"]) {
    const committed = read(name.startsWith("docs/") ? name : `pkg-template/${name}`);
    const built = readFileSync(join(PACKAGE, name), "utf8");
    assert.ok(committed === built, `${name} is not current: run \`cargo xtask generate\``);
  }
});

test("the table has one line for every provider", () => {
  const lines = read("docs/providers.md").split("\n");
  for (const { name } of rows)
    assert.equal(lines.filter((line) => line.startsWith(`| ${name} |`)).length, 1, name);
});

test("the JSON object of the page is a working provider without a preset", async (t) => {
  const [, json] = /^```json\n([^]*?)^```/m.exec(read("docs/providers.md"));
  const client = clientFor(acme);
  const server = await startRow(acme, client);
  t.after(() => server.close());
  const session = () =>
    createRefresher({
      ...JSON.parse(json),
      client_id: client.id,
      client_secret: async () => client.secret,
      fetch: server.fetch,
      background: "never",
      tokens: { refresh_token: server.book.login().refresh_token },
    });

  const refresher = session();
  t.after(() => refresher.close());
  for (let round = 1; round <= 3; round++) {
    const { access_token, expires_at } = await refresher.refresh();
    assert.deepEqual(server.violations, []);
    assert.equal(access_token, server.expected);
    assert.ok(Math.abs(expires_at - Date.now() / 1000 - acme.expires) < 3);
  }
  server.book.end();
  await assert.rejects(refresher.refresh(), { code: "session_ended", error: "RENEWAL_TOKEN_SPENT" });
});

/** The provider that the page describes. */
const acme = {
  given: {},
  request: {
    method: "POST",
    address: "https://login.acme.example/v2/session/renew",
    auth: "none",
    headers: { "acme-version": "2026-01-01" },
    json: { renewalToken: "$refresh", appId: "$id", appKey: "$secret" },
  },
  reply: {
    json: {
      status: "ok",
      data: { sessionToken: "$access", renewalToken: "$refresh", endsAt: "$expires_at_milliseconds" },
    },
  },
  expires: 1800,
  rotation: { does: "each" },
  reuse: "never",
  errors: [{ status: 200, json: { status: "failed", reason: "RENEWAL_TOKEN_SPENT" } }],
};
