// Tokens that no header can hold, and what may be shown of a server's words.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import { memoryStorage } from "oauth-refresher/storage";
import { leak, shown } from "./session.mjs";

const SECRET = "S3cretAccessTokenValue";
const REFRESH = "refresh.token-Ld52-Vw90";
const NEXT = "refresh.token-Hs17-Qe38";
const ODD = {
  "a line break": `${SECRET}\r\nx-injected: 1`,
  "a line feed at its end": `${SECRET}\n`,
  "a null": `${SECRET}\0tail`,
  "a euro sign": `${SECRET}€`,
  "a letter beyond ASCII": `${SECRET}é`,
  "a delete": `${SECRET}\x7f`,
  "a space before it": ` ${SECRET}`,
  "a space at its end": `${SECRET} `,
  "half a surrogate pair": `${SECRET}\ud800`,
};

/** A session whose server answers one refresh after the other. */
function begin(replies, options = {}) {
  const sent = [];
  const storage = memoryStorage();
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    client_id: "me",
    origins: ["https://api.example"],
    storage,
    retries: 0,
    tokens: { refresh_token: REFRESH },
    fetch: async (url, init) => {
      if (String(url).startsWith("https://api.example")) {
        new Headers(init.headers);
        return Response.json({});
      }
      sent.push(new URLSearchParams(init.body).get("refresh_token"));
      const [status, body] = replies.length > 1 ? replies.shift() : replies[0];
      return Response.json(body, { status });
    },
    ...options,
  });
  return { refresher, storage, sent };
}

for (const [name, access_token] of Object.entries(ODD)) {
  test(`an access token with ${name} is bad_response, and the refresh token beside it is stored`, async () => {
    for (const kind of ["Bearer", "DPoP"]) {
      const reply = { access_token, token_type: kind, refresh_token: NEXT, expires_in: 3600 };
      const good = { access_token: "good-access-token-1", token_type: kind, expires_in: 3600 };
      const options = kind == "DPoP" ? { dpop: dpop() } : {};
      const { refresher, storage, sent } = begin(
        [
          [200, reply],
          [200, good],
        ],
        options,
      );
      const error = await refresher.fetch("https://api.example/me").catch((reason) => reason);
      assert.equal(error.code, "bad_response");
      assert.equal(
        error.message,
        "The reply is no token response: check token_endpoint and `response` (200 no access_token that a header can hold)",
      );
      assert.equal(error.error_description, "no access_token that a header can hold");
      assert.equal(leak(shown([error]), [SECRET]), undefined);
      assert.equal((await storage.load()).tokens.refresh_token, NEXT);
      await refresher.fetch("https://api.example/me");
      assert.deepEqual(sent, [REFRESH, NEXT]);
    }
  });

  test(`an access token with ${name} is not used, wherever it comes from, and no error quotes it`, async () => {
    const good = [[200, { access_token: "good-access-token-1", expires_in: 3600 }]];
    const tokens = { access_token, refresh_token: REFRESH, expires_in: 3600 };
    const stored = memoryStorage();
    await stored.save({ format: 1, generation: 1, tokens, obtained_at: Date.now() / 1000 }, null);
    const sessions = {
      setTokens: begin(good, { tokens: undefined }),
      options: begin(good, { tokens }),
      storage: begin(good, { tokens: undefined, storage: stored }),
    };
    await sessions.setTokens.refresher.setTokens(tokens);
    for (const [place, { refresher, sent }] of Object.entries(sessions)) {
      assert.equal((await refresher.fetch("https://api.example/me")).status, 200, place);
      assert.deepEqual(sent, [REFRESH], place);
    }
    const { refresher } = begin(good, { tokens: undefined });
    const error = await refresher.setTokens({ access_token }).catch((reason) => reason);
    assert.equal(error.code, "bad_response");
    assert.equal(leak(shown([error]), [SECRET]), undefined);
  });
}

test("an access token that RFC 6749 allows and RFC 6750 does not is used", async () => {
  for (const access_token of [
    "00D5g000!AQ0AQx.y_z",
    "app-id-123|app-secret",
    "with a space",
    "colon:percent%",
  ]) {
    const { refresher } = begin([[200, { access_token, expires_in: 3600 }]]);
    assert.equal(await refresher.getAccessToken(), access_token);
  }
});

const refused = (error_description) => [400, { error: "invalid_scope", error_description }];

test("scopes, media types and words beside the tokens are not redacted from a server's sentence", async () => {
  const sentence = "offline_access and application/json are not for production";
  const login = {
    access_token: "access.token-Bq63-Nk29",
    scope: "openid offline_access",
    team: "production",
  };
  const { refresher } = begin([refused(sentence)], {
    tokens: { ...login, refresh_token: REFRESH, expires_in: 1 },
  });
  const error = await refresher.refresh().catch((reason) => reason);
  assert.equal(error.error_description, sentence);
});

test("a refresh token stays redacted, however many rotations ago it was used", async () => {
  const id = (number) => `${number}`.padStart(4, "0");
  let count = 0;
  const { refresher } = begin([[200, {}]], {
    fetch: async () => {
      if (++count > 600) return Response.json(refused(`was used: ${REFRESH}`)[1], { status: 400 });
      const [access_token, refresh_token] = [`access-token-${id(count)}-x`, `rt-new-${id(count)}-Zx81kPq0`];
      return Response.json({
        access_token,
        refresh_token,
        id_token: `id-token-${id(count)}-y`,
        expires_in: 3600,
      });
    },
  });
  for (let round = 0; round < 600; round++) await refresher.refresh();
  const error = await refresher.refresh().catch((reason) => reason);
  assert.equal(error.error_description, "was used: [redacted]");
});
