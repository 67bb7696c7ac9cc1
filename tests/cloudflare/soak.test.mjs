// Many connections at one vault whose tokens live a second, at a server that ends a session when a refresh token comes twice: for a
// minute with --long, else for some seconds.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { startOidc } from "../servers/oidc.mjs";
import { startWorker } from "./runtime.mjs";

const CONNECTIONS = 128;
const seconds = process.env.OAUTH_REFRESHER_LONG ? 60 : 6;

test(`${CONNECTIONS}_connections_for_${seconds}_s_get_tokens_that_work_and_no_refresh_token_is_used_twice`, async (t) => {
  const oidc = await startOidc({ accessTokenSeconds: 1 });
  const worker = await startWorker({ oidc });
  try {
    const vault = worker.vault("soaked");
    await vault.setTokens(await oidc.mint("none"));
    const end = Date.now() + seconds * 1000;
    let answers = 0;
    const connection = async () => {
      while (Date.now() < end) {
        assert.ok(await vault.getAccessToken());
        answers++;
      }
    };
    await Promise.all(Array.from({ length: CONNECTIONS }, connection));
    const uses = oidc.requests.map(({ refreshTokenNumber }) => refreshTokenNumber);
    assert.equal(new Set(uses).size, uses.length, "each refresh token once");
    assert.ok(oidc.requests.every(({ outcome }) => outcome === "granted"));
    assert.ok(uses.length >= seconds / 2, `${uses.length} rotations`);
    t.diagnostic(`${answers} answers, ${uses.length} rotations in ${seconds} s`);
  } finally {
    await worker.close();
    await oidc.close();
  }
});
