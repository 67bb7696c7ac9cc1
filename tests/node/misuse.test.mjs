// Objects that an application gives beside the options of createRefresher: what is misspelt is refused by name.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { clientSecretJwt, mutualTls, privateKeyJwt } from "oauth-refresher/client-auth";
import { dpop } from "oauth-refresher/dpop";
import { okta } from "oauth-refresher/providers";
import { callbackStorage, indexedDbStorage, memoryStorage, webStorage } from "oauth-refresher/storage";
import { fileLock, fileStorage } from "oauth-refresher/storage/node";
import { fakeAuthorizationServer } from "oauth-refresher/testing";
import { traceToConsole } from "oauth-refresher/trace";

const refused = (make, message) => assert.throws(make, { name: "TypeError", message });

test("indexedDbStorage refuses a misspelt encrypt, which would store in clear", () => {
  refused(
    () => indexedDbStorage("s", { encrpt: true }),
    "indexedDbStorage: options.encrpt is not known; write one of encrypt",
  );
  refused(
    () => indexedDbStorage("s", { encrypt: "yes" }),
    "indexedDbStorage: options.encrypt must be true or false (given: string yes)",
  );
  refused(
    () => indexedDbStorage("s", true),
    "indexedDbStorage: options must be an object (given: boolean true)",
  );
  refused(() => indexedDbStorage("s", null), "indexedDbStorage: options must be an object (given: null)");
  indexedDbStorage("s", { encrypt: undefined });
});

test("fakeAuthorizationServer refuses a misspelt fault, which would let the request succeed", () => {
  const server = fakeAuthorizationServer();
  const named = /^fakeAuthorizationServer: "lostreply" is no fault; write one of unsent, .*lost-reply/;
  refused(() => server.next("lostreply"), named);
  refused(() => server.next("slow", { fault: "lostreply" }), named);
  refused(() => server.always("lostreply"), named);
  refused(() => server.next({ seconds: 3 }), /: {"seconds":3} is no fault/);
  server.next("429", { fault: "slow", seconds: 0.01 }, null);
  server.always(null);
});

test("fakeAuthorizationServer refuses a misspelt option", () => {
  refused(
    () => fakeAuthorizationServer({ reuses: "never" }),
    /options\.reuses is not known; write one of reuse, /,
  );
  refused(
    () => fakeAuthorizationServer({ reuse: "allways" }),
    /options\.reuse must be never, always, until-successor-used or \{ graceSeconds: number \} \(given: string allways\)/,
  );
  refused(
    () => fakeAuthorizationServer({ accessTokenSeconds: "1h" }),
    /options\.accessTokenSeconds must be a number of seconds, or null \(given: string\)/,
  );
  refused(() => fakeAuthorizationServer({ reuse: { graceSeconds: "30" } }), /options\.reuse must be never/);
  fakeAuthorizationServer({ accessTokenSeconds: null, client_secret: undefined, reuse: { graceSeconds: 0 } });
});

test("traceToConsole refuses a misspelt option", () => {
  refused(
    () => traceToConsole({ lable: "x" }),
    "traceToConsole: options.lable is not known; write one of console, label",
  );
  refused(() => traceToConsole({ console: {} }), /options\.console must be an object with debug\(\)/);
});

for (const [what, given, says] of [
  ["a JSON string", '{"tokens":{}}', /callbackStorage: load gave a string: .*JSON\.parse/],
  [
    "a token reply",
    { access_token: "at-secret", token_type: "Bearer" },
    /callbackStorage: load gave a token reply: .*setTokens/,
  ],
])
  test(`callbackStorage says that load gave ${what}`, async () => {
    const storage = callbackStorage({ load: () => given, save: () => {} });
    const refresher = createRefresher({ ...fakeAuthorizationServer().options, storage });
    await assert.rejects(refresher.getAccessToken(), (error) => {
      assert.equal(error.code, "storage_failed");
      assert.match(error.cause.message, says);
      assert.doesNotMatch(JSON.stringify(error) + error.cause.message, /at-secret/);
      return true;
    });
    refresher.close();
  });

test("text of a callbackStorage that is no JSON is an unreadable record, which a login replaces", async () => {
  for (const text of ["{", "\0", "[".repeat(5000)]) {
    let held = text;
    const storage = callbackStorage({
      load: () => held,
      save: (record, expected) => (held?.generation ?? null) === expected && !!(held = record),
    });
    const server = fakeAuthorizationServer();
    const refresher = createRefresher({ ...server.options, storage, background: "never" });
    await assert.rejects(refresher.getAccessToken(), { code: "storage_failed" });
    await refresher.setTokens(server.login());
    assert.equal(held.tokens.access_token, await refresher.getAccessToken());
    refresher.close();
  }
});

test("indexedDbStorage says in Node what to write instead, at the first call and not when a server renders", async () => {
  const refresher = createRefresher({
    ...fakeAuthorizationServer().options,
    storage: indexedDbStorage("s"),
    background: "never",
  });
  await assert.rejects(refresher.load(), ({ code, cause }) => {
    assert.equal(code, "storage_failed");
    assert.match(cause.message, /^indexedDbStorage: there is no IndexedDB here: write fileStorage\(\)/);
    return true;
  });
  refresher.close();
});

const open = (options) =>
  createRefresher({ ...fakeAuthorizationServer().options, background: "never", ...options });

test("of a storage what is there besides load and save must be a function", async () => {
  const storage = { load: () => null, save: () => true };
  const asked = (more) => {
    const refresher = createRefresher({
      token_endpoint: "https://as.example/token",
      client_id: "me",
      storage: { ...storage, ...more },
    });
    return refresher.getAccessToken().finally(() => refresher.close());
  };
  for (const name of ["lock", "subscribe", "peek"]) {
    await assert.rejects(asked({ [name]: true }), {
      code: "engine_failed",
      error_description: `storage.${name} must be a function (given: boolean)`,
    });
    await assert.rejects(asked({ [name]: undefined }), { code: "signed_out" });
  }
});

test("what one call asks for is checked by name and value, with a fresh token too", async () => {
  const server = fakeAuthorizationServer();
  const refresher = createRefresher({ ...server.options, tokens: server.login(), background: "never" });
  await refresher.getAccessToken();
  for (const [call, message] of [
    [
      () => refresher.getAccessToken({ minValidity: 3 }),
      /^minValidity is no option: write one of minValiditySeconds$/,
    ],
    [
      () => refresher.getTokens({ minValiditySecond: 3 }),
      /^minValiditySecond is no option: write one of minValiditySeconds$/,
    ],
    [
      () => refresher.getTokens({ minValiditySeconds: "3" }),
      /^minValiditySeconds must be a finite number from 0 \(given: string 3\)$/,
    ],
    [
      () => refresher.getAccessToken({ timeoutSeconds: 30_000 }),
      /^timeoutSeconds must be a finite number above 0, 3600 at most \(given: number 30000\)$/,
    ],
    [
      () => refresher.getAccessToken({ signal: new AbortController() }),
      /^signal must be an AbortSignal or null \(given: abortcontroller\)$/,
    ],
    [() => refresher.getAccessToken(30), /^options must be an object \(given: number 30\)$/],
    [() => refresher.getTokens(null), /^options must be an object \(given: null\)$/],
    [
      () => refresher.refresh({ minValiditySeconds: 3 }),
      /^minValiditySeconds is no option: write one of signal, timeoutSeconds$/,
    ],
    [() => refresher.load({ timeoutSeconds: 3 }), /^timeoutSeconds is no option: write one of signal$/],
    [() => refresher.signOut({ revok: true }), /^revok is no option: write one of revoke$/],
    [() => refresher.signOut({ revoke: 1 }), /^revoke must be true or false \(given: number 1\)$/],
  ])
    await assert.rejects(call, { name: "TypeError", message });
  assert.equal(refresher.state, "active");
  assert.equal(server.requests.length, 0);
  const good = { signal: null, timeoutSeconds: undefined, minValiditySeconds: 0, rejected: "another" };
  await refresher.getAccessToken(good);
  refresher.close();
});

test("what is no reply is refused by setTokens and by the option tokens, which say what was given", async () => {
  const says = (given, names = "") => ({
    name: "TypeError",
    message: `tokens${names} must be the token endpoint's reply, with a non-empty access_token or refresh_token (given: ${given})`,
  });
  const refresher = open();
  for (const [given, type, names] of [
    [Promise.resolve({}), "promise"],
    [new Response("{}"), "response"],
    ["at-secret", "string"],
    [{ accessToken: "at-secret" }, "object", " accessToken"],
    [{ error: "invalid_grant" }, "object", " error"],
    [{ access_token: "" }, "object", " access_token"],
    [{ access_token: "at-secret", refresh_token: 7 }, "object", " access_token refresh_token"],
    [{ "at-secret": "" }, "object"],
    [undefined, "undefined"],
  ]) {
    await assert.rejects(refresher.setTokens(given), says(type, names));
    if (type == "object") assert.throws(() => open({ tokens: given }), says(type, names));
  }
  refresher.close();
  open({ tokens: {} }).close();
});

test("a fault with a misspelt member, or seconds that are no number, is refused with its value", () => {
  const server = fakeAuthorizationServer();
  refused(
    () => server.next({ fault: "slow", secs: 3 }),
    /secs is not known beside a fault; write fault or seconds/,
  );
  refused(
    () => server.next({ fault: "slow", seconds: "3" }),
    /seconds must be a finite number from 0 \(given: string 3\)/,
  );
  refused(() => server.next(429), /: 429 is no fault; write one of unsent/);
  refused(() => server.always(["lost-reply"]), /: \["lost-reply"\] is no fault/);
});

test("callbackStorage refuses a misspelt member of a plain object, and takes an instance of a class as it is", () => {
  const callbacks = { load: () => null, save: () => {} };
  refused(
    () => callbackStorage({ ...callbacks, loock: async (work) => work() }),
    /^callbackStorage: options\.loock is not known; write one of load, save, lock, subscribe/,
  );
  refused(
    () => callbackStorage({ ...callbacks, conditionalSave: "yes" }),
    "callbackStorage: options.conditionalSave must be true or false (given: string yes)",
  );
  refused(
    () => callbackStorage({ ...callbacks, name: 1 }),
    /name must be a non-empty string \(given: number 1\)/,
  );
  class Rows {
    table = "rows";
    load() {}
    save() {}
  }
  callbackStorage(new Rows());
});

test("storages without options refuse them: encrypt would be ignored", () => {
  const area = { getItem: () => null, setItem() {}, removeItem() {} };
  const ignored = (who) =>
    `${who} has no options, and encrypt would be ignored: leave it out (given: object); indexedDbStorage has encrypt`;
  refused(() => webStorage(area, "key", { encrypt: true }), ignored("webStorage"));
  refused(() => fileStorage("session.json", { encrypt: true }), ignored("fileStorage"));
  refused(() => memoryStorage({ encrypt: true }), ignored("memoryStorage"));
  refused(
    () => memoryStorage("session"),
    "memoryStorage has no options, and it would be ignored: leave it out (given: string session)",
  );
  memoryStorage(undefined);
  refused(
    () => fileLock("session.lock", { leaseSeconds: 15 }),
    "fileLock has no options, and leaseSeconds would be ignored: leave it out (given: object)",
  );
});

test("keys, addresses and providers say what was given where it is no secret", () => {
  refused(
    () => privateKeyJwt("-----BEGIN PRIVATE KEY-----"),
    /^privateKeyJwt: key must be .* \(given: string\)$/,
  );
  refused(() => clientSecretJwt(), /secret must be a non-empty string, .* \(given: undefined\)$/);
  refused(() => mutualTls({}), /must be a ClientAuth function \(given: object\)$/);
  refused(() => dpop(null), "dpop: options must be an object (given: null)");
  refused(() => dpop({ keyPair: "x" }), "dpop: keyPair must be a CryptoKeyPair (given: string)");
  refused(
    () => okta({ domain: "https://x.okta.com", client_id: "me" }),
    /^okta: domain must fit into https:\/\/\{domain\}\/.* \(given: string https:\/\/x\.okta\.com\)$/,
  );
});
