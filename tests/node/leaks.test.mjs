// Tokens and secrets, in pieces of eight characters, in everything that errors, events and logs show.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createServer } from "node:http";
import { createRefresher } from "oauth-refresher";
import { leak, record, shown } from "./session.mjs";

const REFRESH_TOKEN = "rt-7hGq2ZxWv9LkPd3sMn8b";
const ACCESS_TOKEN = "at-Qw4eRt6yUi1oPa0sDf5g";
const CLIENT_SECRET = "cs-Zx3cVb5nMa7sDf9gHj2k";
const SECRETS = [REFRESH_TOKEN, ACCESS_TOKEN, CLIENT_SECRET];

let server;
let token_endpoint;
before(async () => {
  // A server that quotes back what it was sent.
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const { authorization = "" } = request.headers;
    const secret = Buffer.from(authorization.slice(6), "base64").toString();
    response.writeHead(400, { "content-type": "application/json" });
    response.end(
      JSON.stringify({
        error: `bad ${REFRESH_TOKEN}`,
        error_description: `${body} ${secret} ${authorization}`,
      }),
    );
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  token_endpoint = `http://127.0.0.1:${server.address().port}/token`;
});
after(() => server.close());

test("a server that echoes tokens and secrets gets none of them into errors and events", async () => {
  const refresher = createRefresher({
    token_endpoint,
    client_id: "me",
    client_secret: CLIENT_SECRET,
    tokens: { refresh_token: REFRESH_TOKEN },
  });
  const events = record(refresher);
  const error = await refresher.getAccessToken().catch((reason) => reason);
  assert.equal(error.code, "client_rejected");
  await new Promise((resolve) => setTimeout(resolve));
  for (const value of [error, error.stack, events, refresher, error.toJSON()])
    assert.equal(leak(shown(value), SECRETS), undefined);
});

test("a storage whose errors quote the record gets nothing of it into events", async () => {
  const stored = JSON.stringify({
    format: 1,
    generation: 1,
    obtained_at: 1,
    tokens: { access_token: ACCESS_TOKEN },
  });
  const refresher = createRefresher({
    token_endpoint,
    client_id: "me",
    storage: { load: () => JSON.parse(`${stored}${ACCESS_TOKEN}`), save: () => {} },
  });
  const events = record(refresher);
  await assert.rejects(refresher.getAccessToken(), { code: "storage_failed" });
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(events.length > 0, true);
  assert.equal(leak(shown(events), SECRETS), undefined);
});

test("console.log of a refresher with tokens shows none", async () => {
  const refresher = createRefresher({ token_endpoint, client_id: "me", client_secret: CLIENT_SECRET });
  await refresher.setTokens({ access_token: ACCESS_TOKEN, refresh_token: REFRESH_TOKEN, expires_in: 3600 });
  assert.equal(refresher.tokens.access_token, ACCESS_TOKEN);
  assert.equal(leak(shown(refresher), SECRETS), undefined);
});
