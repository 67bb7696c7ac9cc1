// Checks the three document servers against their documents with plain fetch: a lenient server would weaken the tests that
// run the package against it.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startGo1, startGoTo, startVault } from "../servers/index.mjs";
import {
  assertRefused,
  formEncoded,
  go1Refresh,
  goToRefresh,
  sendLines,
  use,
  vaultRefresh,
} from "./bare-requests.mjs";

const HOUR_MS = 3600 * 1000;
let nowMs = 1_800_000_000_000;
let go1, goTo, vault;

before(async () => {
  const clock = () => nowMs;
  [go1, goTo, vault] = await Promise.all([startGo1({ clock }), startGoTo({ clock }), startVault({ clock })]);
});
after(() => Promise.all([go1, goTo, vault].map((server) => server.close())));

// --- Go1 -------------------------------------------------------------------------------------------------------------

test("go1 answers the documented request with the documented members", async () => {
  const { status, reply, headers } = await go1Refresh(go1);
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(reply), ["token_type", "expires_in", "access_token", "refresh_token"]);
  assert.deepEqual([reply.token_type, reply.expires_in], ["Bearer", 43200]);
  assert.equal(headers.get("cache-control"), "no-store");
});

test("go1 returns a new refresh token each time and accepts none twice", async () => {
  const first = go1.mint().refresh_token;
  const second = (await go1Refresh(go1, { refresh_token: first })).reply.refresh_token;
  assert.notEqual(second, first);
  const again = await go1Refresh(go1, { refresh_token: first });
  assertRefused(again, 400, "invalid_grant", /one-time use only/);
  assert.equal(
    (await go1Refresh(go1, { refresh_token: second })).status,
    200,
    "the document does not revoke the family",
  );
});

test("go1 expires a refresh token after 90 days", async () => {
  const { refresh_token } = go1.mint();
  const other = go1.mint().refresh_token;
  await atHour(90 * 24 - 1, async () => assert.equal((await go1Refresh(go1, { refresh_token })).status, 200));
  await atHour(90 * 24, async () => {
    assertRefused(await go1Refresh(go1, { refresh_token: other }), 400, "invalid_grant", /90 days/);
  });
});

test("go1 expires an access token after 12 hours, with invalid_token and no challenge", async () => {
  const { access_token } = go1.mint();
  await atHour(11.9, async () => assert.equal((await use(go1, access_token)).status, 200));
  await atHour(12, async () => {
    const { status, reply, headers } = await use(go1, access_token);
    assert.deepEqual([status, reply], [401, { message: "Invalid token" }]);
    assert.equal(headers.get("www-authenticate"), null);
  });
});

for (const [claim, change, sentence, error = "invalid_request"] of [
  ["an_unknown_parameter", { form: { scope: "user.read" } }, /client ID and client secret/],
  ["a_missing_grant_type", { form: { grant_type: null } }, /grant_type is missing/],
  [
    "another_grant_type",
    { form: { grant_type: "password" } },
    /setting the grant type/,
    "unsupported_grant_type",
  ],
  ["a_missing_secret", { form: { client_secret: null } }, /client_secret is missing/],
  ["a_missing_refresh_token", { form: { refresh_token: null } }, /refresh_token is missing/],
  ["a_parameter_sent_twice", { append: "&client_id=go1-client" }, /client_id came twice/],
  [
    "credentials_in_a_basic_header",
    { headers: { Authorization: "Basic eDp5" } },
    /Unknown header authorization/,
  ],
  ["a_cookie", { headers: { Cookie: "a=b" } }, /Unknown header cookie/],
  ["a_json_body", { headers: { "Content-Type": "application/json" } }, /Content-Type is not/],
  ["a_query", { query: "?client_id=go1-client" }, /has a query/],
  ["another_path", { path: "/oauth/token/" }, /path is not/],
  ["another_method", { method: "PUT" }, /method is not POST/],
]) {
  test(`go1 refuses ${claim} and names the sentence of the document`, async () => {
    const before = go1.violations.length;
    assertRefused(await go1Refresh(go1, {}, change), 400, error, sentence, /The document says: /);
    assert.equal(go1.violations.length, before + 1);
  });
}

test("go1 refuses an unknown secret as in RFC 6749", async () => {
  assertRefused(await go1Refresh(go1, { client_secret: "other" }), 401, "invalid_client");
});

test("a header sent on two lines is refused", async () => {
  const reply = await sendLines(vault.token_endpoint, [
    ...["Host", "127.0.0.1", "Content-Type", "application/json", "Content-Length", "0"],
    ...["partnerId", "4711", "grantType", "refresh_token", "grantType", "refresh_token"],
  ]);
  assert.match(reply.error_description, /granttype came twice/);
});

test("an access token is refused in the address and under another scheme", async () => {
  const { access_token } = go1.mint();
  assert.equal((await fetch(`${go1.resource.url}?access_token=${access_token}`)).status, 400);
  for (const scheme of ["bearer", "Token"]) {
    const headers = { Authorization: `${scheme} ${access_token}` };
    assert.equal((await fetch(go1.resource.url, { headers })).status, 400, scheme);
  }
});

// --- GoTo ------------------------------------------------------------------------------------------------------------

test("goto answers the documented request with the documented members", async () => {
  const { refresh_token } = goTo.mint();
  const { status, reply } = await goToRefresh(goTo, { refresh_token });
  assert.equal(status, 200);
  assert.deepEqual(Object.keys(reply), ["access_token", "refresh_token", "expires_in", "principal"]);
  assert.deepEqual([reply.expires_in, reply.refresh_token], [3600, refresh_token]);
});

test("goto returns a new refresh token from day 30 on and invalidates the old one", async () => {
  const { refresh_token } = goTo.mint();
  await atHour(30 * 24 - 1, async () =>
    assert.equal((await goToRefresh(goTo, { refresh_token })).reply.refresh_token, refresh_token),
  );
  await atHour(30 * 24, async () => {
    const renewed = (await goToRefresh(goTo, { refresh_token })).reply.refresh_token;
    assert.notEqual(renewed, refresh_token);
    assertRefused(
      await goToRefresh(goTo, { refresh_token }),
      400,
      "invalid_grant",
      /good for the next 30 days/,
    );
    await atHour(29 * 24, async () =>
      assert.equal((await goToRefresh(goTo, { refresh_token: renewed })).reply.refresh_token, renewed),
    );
  });
});

test("goto ends a session that was not refreshed on day 30", async () => {
  const { refresh_token } = goTo.mint();
  await atHour(31 * 24, async () =>
    assertRefused(await goToRefresh(goTo, { refresh_token }), 400, "invalid_grant", /more than 30 days/),
  );
});

test("goto in its newer form omits the refresh token until it rotates", async () => {
  const newer = await startGoTo({ omitRefreshToken: true, clock: () => nowMs });
  try {
    const { refresh_token } = newer.mint();
    assert.ok(refresh_token, "the login brings one");
    assert.equal("refresh_token" in (await goToRefresh(newer, { refresh_token })).reply, false);
    await atHour(30 * 24, async () =>
      assert.ok((await goToRefresh(newer, { refresh_token })).reply.refresh_token),
    );
  } finally {
    await newer.close();
  }
});

for (const [claim, change, status, error, sentence] of [
  [
    "form_encoded_basic",
    { encode: formEncoded },
    400,
    "invalid_client",
    /form-encoded .* clientID:clientSecret/,
  ],
  ["no_authorization", { headers: { Authorization: undefined } }, 400, "invalid_client", /header is missing/],
  ["bearer_credentials", { headers: { Authorization: "Bearer x" } }, 400, "invalid_client", /not Basic/],
  ["an_unknown_secret", { headers: { Authorization: "Basic eDp5" } }, 401, "invalid_client", /not known/],
  [
    "a_secret_in_the_body",
    { form: { client_secret: "x" } },
    400,
    "invalid_request",
    /Unknown parameter client_secret/,
  ],
  [
    "a_client_id_in_the_body",
    { form: { client_id: "x" } },
    400,
    "invalid_request",
    /Unknown parameter client_id/,
  ],
]) {
  test(`goto refuses ${claim}`, async () => {
    assertRefused(await goToRefresh(goTo, {}, change), status, error, sentence);
  });
}

test("goto expires an access token after 60 minutes with a Bearer challenge", async () => {
  const { access_token } = goTo.mint();
  await atHour(0.99, async () => assert.equal((await use(goTo, access_token)).status, 200));
  await atHour(1, async () => {
    const { status, headers } = await use(goTo, access_token);
    assert.equal(status, 401);
    assert.match(headers.get("www-authenticate"), /^Bearer .*error="invalid_token"/);
  });
});

// --- Vault -----------------------------------------------------------------------------------------------------------

test("vault answers the documented request and rotates every second time", async () => {
  const { refresh_token } = vault.mint();
  const first = await vaultRefresh(vault, refresh_token);
  assert.deepEqual(
    [first.status, Object.keys(first.reply)],
    [200, ["access_token", "expires_in", "token_type"]],
  );
  assert.deepEqual([first.reply.expires_in, first.reply.token_type], [3600, "Bearer"]);
  const second = await vaultRefresh(vault, refresh_token);
  assert.deepEqual(Object.keys(second.reply), ["access_token", "refresh_token", "expires_in", "token_type"]);
  const old = await vaultRefresh(vault, refresh_token);
  const documented = {
    error: "invalid_grant",
    error_description: "Refresh token has expired or is invalid.",
  };
  assert.deepEqual([old.status, old.reply], [400, documented]);
  assert.equal((await vaultRefresh(vault, second.reply.refresh_token)).status, 200);
});

test("vault reports a missing refresh token in the document's words", async () => {
  for (const body of ["", "{}", '{"refreshToken":""}', '{"refreshToken":7}']) {
    const { status, reply } = await vaultRefresh(vault, null, { body });
    const documented = { error: "invalid_request", error_description: "Missing refresh token." };
    assert.deepEqual([status, reply], [400, documented]);
  }
});

for (const [claim, change, sentence, error = "invalid_request"] of [
  ["a_missing_partner_id", { headers: { partnerId: undefined } }, /partnerId is missing/],
  ["a_partner_id_beyond_int32", { headers: { partnerId: "2147483648" } }, /not an int32/],
  ["a_partner_id_that_is_a_word", { headers: { partnerId: "acme" } }, /not an int32/],
  ["a_partner_id_with_a_fraction", { headers: { partnerId: "4711.0" } }, /not an int32/],
  ["a_missing_grant_type", { headers: { grantType: undefined } }, /grantType is missing/],
  ["another_grant_type", { headers: { grantType: "password" } }, /Must be set to/, "unsupported_grant_type"],
  ["grant_type_in_the_body", { member: { grant_type: "refresh_token" } }, /It holds grant_type/],
  ["refresh_token_by_its_oauth_name", { body: '{"refresh_token":"x"}' }, /It holds refresh_token/],
  ["a_refresh_token_given_twice", { body: '{"refreshToken":"x","refreshToken":"y"}' }, /twice/],
  ["a_form", { headers: { "Content-Type": "application/x-www-form-urlencoded" } }, /Content-Type is not/],
  ["authorization", { headers: { Authorization: "Basic eDp5" } }, /Unknown header authorization/],
]) {
  test(`vault refuses ${claim}`, async () => {
    const { refresh_token } = vault.mint();
    assertRefused(
      await vaultRefresh(vault, refresh_token, change),
      400,
      error,
      sentence,
      /The document says: /,
    );
  });
}

test("vault refuses another partner's token", async () => {
  const { refresh_token } = vault.mint();
  const reply = await vaultRefresh(vault, refresh_token, { headers: { partnerId: "-2147483648" } });
  assertRefused(reply, 401, "invalid_client", /partner is not known/);
});

test("a vault access token lives 24 hours although the reply says 3600 seconds", async () => {
  const { access_token } = vault.mint();
  await atHour(23.9, async () => assert.equal((await use(vault, access_token)).status, 200));
  await atHour(24, async () => assert.equal((await use(vault, access_token)).status, 401));
});

async function atHour(hours, work) {
  nowMs += hours * HOUR_MS;
  try {
    await work();
  } finally {
    nowMs -= hours * HOUR_MS;
  }
}
