// Each preset against a server made from the provider's row, not from the preset: three refreshes with rotation and expiry, the errors,
// and a lost reply.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import * as providers from "oauth-refresher/providers";
import { memoryStorage } from "oauth-refresher/storage";
import { clientFor } from "./client.mjs";
import { given, refreshable, rows, variantsOf } from "../../pkg-template/providers/source/rows.mjs";
import { startRow } from "./server.mjs";
import { filled } from "./values.mjs";

const CLOCK_SECONDS = 3; // between the server's reply and the assertion
const done = new Map(refreshable.map(({ id }) => [id, new Set()]));

for (const base of refreshable)
  for (const { label, row } of variantsOf(base)) {
    prove(row, `${label}: three refreshes, as the row has them`, async (t) => {
      const { refresher, server } = await session(t, row);
      for (let round = 1; round <= 3; round++) {
        const tokens = await refresher.refresh();
        assert.deepEqual(server.violations, []);
        assert.equal(server.requests, round);
        assert.equal(tokens.access_token, server.expected);
        assert.equal(tokens.token_type, row.reply.json?.token_type === "DPoP" ? "DPoP" : "Bearer");
        assertExpiry(tokens, row);
        if (row.scope) assert.equal(tokens.scope, row.scope);
        assert.equal(
          server.book.renewsItself || !shows(tokens, server.book.last.refresh_token),
          true,
          "a refresh token is shown",
        );
      }
    });

    row.errors.forEach((error, at) => {
      const ends = error.ends || error.code === "session_ended";
      const what =
        JSON.stringify(error.json)
          .match(/"(?:error|code|message)":\s*("?[\w. ]+)/)?.[1]
          .replaceAll('"', "") ?? at;
      prove(
        row,
        `${label}: ${error.status} ${what} ${ends ? "ends the session" : `is ${error.code}`}`,
        async (t) => {
          const { refresher, server, storage } = await session(t, row);
          if (error.ends) server.book.end();
          else server[error.code === "unavailable" ? "next" : "always"] = error;
          if (error.code === "unavailable") {
            await refresher.refresh();
            return assert.equal(server.requests, 2, "asked again later");
          }
          const failure = await refusal(refresher.refresh());
          assert.deepEqual(server.violations, []);
          assert.equal(failure.code, error.code ?? "session_ended", failure.message);
          assert.equal(refresher.state === "session-ended", Boolean(ends));
          if (!ends) assert.ok((await storage.load()).tokens.refresh_token, "the session is kept");
        },
      );
    });

    prove(row, `${label}: a lost reply does not end the session`, async (t) => {
      const { refresher, server, options } = await session(t, row, { expired: true });
      server.next = "lost";
      assert.deepEqual(options.reuse, row.reuse, "no more and no less than the row has");
      if (options.reuse === "never") {
        assert.equal((await refusal(refresher.getAccessToken())).code, "outcome_unknown");
        assert.equal(server.requests, 1, "sent once");
      } else {
        assert.equal(await refresher.getAccessToken(), server.expected);
        assert.equal(server.requests, 2, "sent again");
      }
      assert.deepEqual(server.violations, []);
    });
  }

test("every row with a refresh has a preset, and every preset has a row", () => {
  const functions = new Set(Object.values(providers));
  for (const row of refreshable) functions.delete(providers[row.function]);
  assert.deepEqual([...functions], []);
});

after(() => {
  const failed = [...done].filter(([, failures]) => failures.size);
  const hooks = refreshable.filter(({ hook }) => hook);
  console.log(`rows expressible / total: ${refreshable.length - failed.length} / ${rows.length}`);
  console.log(
    `  of them ${refreshable.length - hooks.length} as plain data, ${hooks.length} with a function:`,
  );
  for (const { id, hook } of hooks) console.log(`    ${id}: ${hook}`);
  for (const { id, without } of rows) if (without) console.log(`  not: ${id}: ${without}`);
  for (const [id, failures] of failed) console.log(`  not: ${id}: ${[...failures].join("; ")}`);
});

function prove(row, claim, work) {
  test(claim, async (t) => {
    try {
      await work(t);
    } catch (error) {
      done.get(row.id).add(claim);
      throw error;
    }
  });
}

/** A logged-in session at the row's server. */
async function session(t, row, { expired } = {}) {
  const client = clientFor(row);
  const server = await startRow(row, client);
  t.after(() => server.close());
  const preset = providers[row.function](given(row, client));
  const storage = memoryStorage();
  const options = {
    ...preset,
    storage,
    fetch: server.fetch,
    background: "never",
    tokens: loginTokens(row, client, server.book, expired),
  };
  const refresher = createRefresher(options);
  t.after(() => refresher.close());
  return { refresher, server, storage, options };
}

/** The login's reply; for an expired login, the tokens with an `expires_at` in the past. */
function loginTokens(row, client, book, expired) {
  const tokens = book.login();
  const template = JSON.stringify(row.reply.json ?? "");
  const reply =
    row.reply.json && filled(row.reply.json, tokens, { ...row, expires: expired ? -5 : row.expires }, client);
  const missing = !book.renewsItself &&
    !(reply && template.includes("$refresh")) && { refresh_token: tokens.refresh_token };
  if (reply && !(expired && template.includes('"access_token"'))) return { ...reply, ...missing };
  const expires_at = Math.floor(Date.now() / 1000) - 5;
  return {
    access_token: tokens.access_token,
    expires_at,
    ...(!book.renewsItself && { refresh_token: tokens.refresh_token }),
  };
}

function assertExpiry({ expires_at }, { expires }) {
  if (expires === null) return assert.equal(expires_at, undefined);
  const expected = Date.now() / 1000 + expires;
  assert.ok(Math.abs(expires_at - expected) <= CLOCK_SECONDS, `${expires_at} is not about ${expected}`);
}

const shows = (tokens, secret) => JSON.stringify(tokens).includes(secret);

const refusal = (promise) =>
  promise.then(
    () => assert.fail("was not refused"),
    (error) => error,
  );
