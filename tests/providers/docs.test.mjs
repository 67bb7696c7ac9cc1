// What the package says about its presets is what the rows and the presets say, and the provider that docs/providers.md makes up is one.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { clientFor } from "./client.mjs";
import { rows } from "./rows.mjs";
import { startRow } from "./server.mjs";
import { read, written } from "./write.mjs";

test("declarations_and_table_are_as_written_by_write_mjs", async () => {
  for (const [name, text] of await written()) {
    assert.doesNotMatch(text, /undefined|NaN|\[object/, name);
    assert.equal(read(name), text, `${name} is behind: run node tests/providers/write.mjs`);
  }
});

test("the_table_has_a_line_for_every_row", () => {
  const lines = read("docs/providers.md").split("\n");
  for (const { name } of rows)
    assert.equal(lines.filter((line) => line.startsWith(`| ${name} |`)).length, 1, name);
});

test("the_provider_of_the_page_that_has_no_preset_is_a_json_object", async (t) => {
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

/** What the page says in words. */
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
