// Many connections at one vault whose tokens live a second, at a server that ends a session when a refresh token comes twice: for a
// minute with --long, else for some seconds.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { startOidc } from "../servers/oidc.mjs";
import { startWorker } from "./runtime.mjs";

const CONNECTIONS = 128;
const seconds = process.env.OAUTH_REFRESHER_LONG ? 60 : 6;

test(`${CONNECTIONS} connections for ${seconds} s get tokens that work and no refresh token is used twice`, async (t) => {
  const oidc = await startOidc({ accessTokenSeconds: 1 });
  const worker = await startWorker({ oidc });
  try {
    const vault = worker.vault("soaked");
    await vault.setTokens(await oidc.mint("none"));
    const end = Date.now() + seconds * 1000;
    let answers = 0;
    const connection = async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (Date.now() < end) {
        const { statusCode, text } = await post(new URL("vault/soaked/getAccessToken", worker.url), agent);
        assert.equal(statusCode, 200, text);
        assert.ok(JSON.parse(text).value);
        answers++;
      }
      agent.destroy();
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

/**
 * On a connection that is the caller's own and never idle: workerd closes one after five seconds, and a pool that uses it at that
 * moment reports an error that has no caller.
 */
async function post(url, agent) {
  const sent = request(url, { method: "POST", agent }).end("{}");
  const [response] = await once(sent, "response");
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk;
  return { statusCode: response.statusCode, text };
}
