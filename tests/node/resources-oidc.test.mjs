// Resources (RFC 8707), with discovery, at oidc-provider: it grants one resource per request, and spends a refresh token before it
// checks the resource.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { startOidc } from "../servers/oidc.mjs";

const CALENDAR = "https://cal.example.com/";
const CONTACTS = "https://contacts.example.com/";

let oidc;
before(async () => {
  const getResourceServerInfo = (ctx, resource) => ({
    scope: "read",
    audience: resource,
    accessTokenFormat: "opaque",
  });
  const resourceIndicators = {
    enabled: true,
    getResourceServerInfo,
    defaultResource: (ctx, client, all) => all,
  };
  oidc = await startOidc({ features: { resourceIndicators } });
});
after(() => oidc.close());

async function session(resource) {
  const storage = memoryStorage();
  const { issuer, clients } = oidc;
  const refresher = createRefresher({ issuer, ...clients.none, resource, storage });
  await refresher.setTokens(await oidc.mint("none", { resource: [CALENDAR, CONTACTS] }));
  return { refresher, storage };
}

test("one grant gives a token for each resource, and rotation continues", async () => {
  for (const resource of [CALENDAR, CONTACTS]) {
    const { refresher } = await session(resource);
    for (let round = 0; round < 3; round++) {
      const { access_token, id_token } = await refresher.refresh();
      assert.equal(await oidc.audienceOf(access_token), resource);
      assert.ok(id_token);
    }
    await refresher.signOut({ revoke: true });
  }
});

test("G3 after invalid_target the state of the refresh token is unknown", async () => {
  for (const resource of ["https://other.example.com/", [CALENDAR, CONTACTS]]) {
    const { refresher, storage } = await session(resource);
    const sent = oidc.requests.length;
    const error = {
      code: "client_rejected",
      error: "invalid_target",
      refreshTokenState: "unknown",
      sessionEnded: false,
    };
    await assert.rejects(refresher.refresh(), error);
    assert.equal(oidc.requests.length, sent + 1, "not retried automatically");
    assert.ok((await storage.load()).tokens.refresh_token);
  }
});
