// Workers without a Durable Object: what one request waits for does not die with another.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { startOidc } from "../servers/oidc.mjs";
import { expired, startWorker } from "./runtime.mjs";

let oidc;
before(async () => (oidc = await startOidc()));
after(() => oidc.close());
beforeEach(() => (oidc.requests.length = 0));

async function inWorker(test) {
  const worker = await startWorker({ oidc });
  try {
    await test(worker);
  } finally {
    await worker.close();
  }
}

/**
 * A POST over a socket of its own. Its `resetAndDestroy()` hangs up: workerd takes a client that only says that it will send nothing
 * more (FIN) for one that may still listen, and the request goes on; after a reset (RST) it is cancelled without a word.
 */
function post(url, body) {
  const { hostname, port, pathname } = url;
  const text = JSON.stringify(body);
  const socket = connect(Number(port), hostname);
  socket.write(
    `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
  socket.on("error", () => {});
  return socket;
}

for (const moment of ["the token request is under way", "the reply is about to come"])
  test(`when_a_client_hangs_up_while_${moment.replaceAll(" ", "_")}_another_gets_its_token`, () =>
    inWorker(async ({ ask, url }) => {
      const tokens = await expired(oidc);
      oidc.faults.next = { name: "slow", delayMs: 1000 };
      const first = post(new URL("shared", url), { tokens });
      await until(() => oidc.requests.length === 1);
      const other = ask("shared", { tokens });
      await delay(moment.startsWith("the token") ? 100 : 850);
      first.resetAndDestroy();
      await until(async () => (await ask("cancelled")) === 1);
      assert.ok((await other).access_token);
      // a later caller gets it too: the refresh outlived the request that began it
      assert.equal((await ask("shared", { tokens })).access_token, (await other).access_token);
      assert.deepEqual(
        oidc.requests.map(({ outcome }) => outcome),
        ["granted"],
      );
    }));

test("when every client hangs up the refresh is stored all the same", () =>
  inWorker(async ({ ask, url }) => {
    const tokens = await expired(oidc);
    oidc.faults.next = { name: "slow", delayMs: 800 };
    const socket = post(new URL("shared", url), { tokens });
    await until(() => oidc.requests.length === 1);
    socket.resetAndDestroy();
    await until(async () => (await ask("cancelled")) === 1);
    await delay(1200);
    assert.ok((await ask("shared", { tokens })).access_token);
    assert.equal(oidc.requests.length, 1);
  }));

test("a request that answers without waiting leaves the others their token", () =>
  inWorker(async ({ ask }) => {
    const tokens = await expired(oidc);
    oidc.faults.next = { name: "slow", delayMs: 600 };
    const owner = ask("shared", { tokens, giveUpMs: 100 });
    await until(() => oidc.requests.length === 1);
    const other = ask("shared", { tokens });
    assert.equal(await owner, null);
    assert.ok((await other).access_token);
    assert.equal(oidc.requests.length, 1);
  }));

test("where nothing outlives its request the others are answered in time all the same", () =>
  inWorker(async ({ ask }) => {
    const tokens = await expired(oidc);
    oidc.faults.next = { name: "slow", delayMs: 600 };
    const owner = ask("shared", { tokens, giveUpMs: 100, deaf: true });
    await until(() => oidc.requests.length === 1);
    const begun = Date.now();
    const others = await Promise.allSettled(Array.from({ length: 3 }, () => ask("shared", { tokens })));
    await owner;
    // the reply died with its request, and a strict server has spent the token: what is left is the truth
    for (const { reason } of others)
      assert.match(String(reason), /unavailable|outcome_unknown|session_ended|timeout/);
    assert.ok(Date.now() - begun < 16_000, "no caller hangs");
    await assert.rejects(ask("shared", { tokens }), /session_ended/);
    assert.equal(oidc.requests.length, 2, "one use and one probe");
  }));

test("a storage that neither locks nor compares is warned of once and spends no one time token", () =>
  inWorker(async ({ ask }) => {
    const tokens = await expired(oidc);
    const { told, code, error_description, refreshTokenState, stored } = await ask("kv", { tokens });
    assert.equal(told.length, 1);
    assert.match(told[0], /neither locks nor compares.*Durable Object/);
    assert.deepEqual([code, refreshTokenState], ["client_rejected", "unspent"]);
    assert.match(error_description, /neither locks nor compares.*`reuse`/);
    assert.equal(stored, tokens.refresh_token, "the session stays");
    assert.equal(oidc.requests.length, 0);
    const forgiving = await ask("kv", { tokens, reuse: "until-successor-used" });
    assert.deepEqual([forgiving.told, forgiving.ok], [[], true]);
  }));

async function until(isSo) {
  for (const end = Date.now() + 10_000; !(await isSo()); await delay(10))
    assert.ok(Date.now() < end, "it did not come about in 10 s");
}
