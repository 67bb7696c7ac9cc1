// The recipes of docs/fetch.md for HTTP libraries, unchanged, against an API that starts to refuse the access token.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { InvokeModelCommand } from "@aws-sdk/client-bedrock-runtime";
import { RefreshError } from "oauth-refresher";
import { startApi } from "./api.mjs";
import { openRecipes } from "./recipes.mjs";

const NOTE = { text: 'Grüße, 世界 🌍 \u0000 "quoted"\r\n' };

/** For each library: its PUT of a note, the bytes of the body, and the path to the RefreshError in its error. */
const LIBRARIES = {
  "with-ky": {
    put: ({ api }, base, { signal } = {}) => api.put(`${base}/notes/1`, { json: NOTE, signal }).json(),
    thrown: (error) => error,
    retries: true,
  },
  "with-axios": {
    put: async ({ api }, base, { signal } = {}) => (await api.put("/notes/1", NOTE, { signal })).data,
    thrown: (error) => (assert.ok(error.isAxiosError), error.cause),
    isAbort: (error) => error.name === "CanceledError",
  },
  "with-openapi-fetch": {
    async put({ api }, base, { signal } = {}) {
      const { data, error } = await api.PUT("/notes/{id}", {
        params: { path: { id: "1" } },
        body: NOTE,
        signal,
      });
      if (error) throw error;
      return data;
    },
    thrown: (error) => error,
  },
  "with-graphql-request": {
    path: "/graphql",
    method: "POST",
    sent: { query: "mutation { save }", variables: NOTE, operationName: undefined },
    put: ({ graphql }, base, { signal } = {}) =>
      graphql.request({ document: "mutation { save }", variables: NOTE, signal }),
    thrown: (error) => error,
  },
  "with-aws-sdk": {
    path: "/model/notes/invoke",
    method: "POST",
    async put({ client }, base, { signal } = {}) {
      const command = new InvokeModelCommand({ modelId: "notes", body: JSON.stringify(NOTE) });
      const { body } = await client.send(command, { abortSignal: signal });
      return JSON.parse(new TextDecoder().decode(body));
    },
    thrown: (error) => error,
    retries: true,
  },
};

const isAbortError = (error) => error.name === "AbortError";

let api, recipes, refresher;

before(async () => {
  const saved = () => ({ saved: true });
  api = await startApi({
    "PUT /notes/1": saved,
    "POST /graphql": () => ({ data: { saved: true } }),
    "POST /model/notes/invoke": saved,
  });
});
after(() => api.close());
beforeEach(async () => {
  api.calls.length = api.refreshes.length = 0;
  api.next.statuses = [];
  api.next.refresh = undefined;
  api.next.refreshStatus = 200;
  recipes = await openRecipes({ "https://auth.example": api.origin, "https://api.example": api.origin });
  ({ refresher } = await recipes.load("session"));
  await refresher.setTokens(api.login());
});
afterEach(async () => {
  refresher.close();
  await recipes.remove();
});

for (const [
  name,
  { put, thrown, path = "/notes/1", method = "PUT", sent = NOTE, isAbort = isAbortError, retries },
] of Object.entries(LIBRARIES)) {
  test(`${name}: a token that dies in the middle costs one refresh, and the body arrives twice byte for byte`, async () => {
    const library = await recipes.load(name);
    assert.deepEqual(await put(library, api.origin), { saved: true });
    api.kill();
    assert.deepEqual(await put(library, api.origin), { saved: true });
    const calls = api.calls.map((call) => [call.method, call.url, call.status]);
    assert.deepEqual(
      calls,
      [200, 401, 200].map((status) => [method, path, status]),
    );
    for (const { body } of api.calls) assert.equal(String(body), JSON.stringify(sent));
    assert.equal(api.refreshes.length, 1);
  });

  test(`${name}: fifty calls at once whose token died make one token request`, async () => {
    const library = await recipes.load(name);
    api.kill();
    const replies = await Promise.all(Array.from({ length: 50 }, () => put(library, api.origin)));
    assert.deepEqual(replies, Array(50).fill({ saved: true }));
    assert.equal(api.refreshes.length, 1);
  });

  test(`${name}: without a session the RefreshError reaches the caller at once, and nothing is sent`, async () => {
    const library = await recipes.load(name);
    await refresher.signOut();
    const started = performance.now();
    const error = thrown(await rejection(put(library, api.origin)));
    assert.ok(error instanceof RefreshError, String(error));
    assert.equal(error.code, "signed_out");
    assert.ok(performance.now() - started < 700, "the library does not retry");
    assert.equal(api.calls.length + api.refreshes.length, 0);
  });

  test(`${name}: while the token endpoint is down, the RefreshError reaches the caller after one token request`, async () => {
    const library = await recipes.load(name);
    await refresher.setTokens({ ...api.login(), expires_in: undefined, expires_at: Date.now() / 1000 - 5 });
    api.next.refreshStatus = 503;
    const error = thrown(await rejection(put(library, api.origin)));
    assert.ok(error instanceof RefreshError, String(error));
    assert.deepEqual([error.code, error.retryable], ["unavailable", true]);
    assert.equal(api.refreshes.length, 1);
    assert.equal(api.calls.length, 0);
  });

  test(`${name}: an abort while the token is refreshed reaches the caller at once, and the refresh is kept`, async () => {
    const library = await recipes.load(name);
    api.kill();
    let goOn;
    api.next.refresh = new Promise((resolve) => (goOn = resolve));
    const leaving = new AbortController();
    const call = rejection(put(library, api.origin, { signal: leaving.signal }));
    await state(refresher, "refreshing");
    leaving.abort();
    const error = await call;
    assert.ok(isAbort(error), String(error));
    goOn();
    await state(refresher, "active");
    assert.deepEqual(await put(library, api.origin), { saved: true });
    assert.equal(api.refreshes.length, 1);
    assert.deepEqual(
      api.calls.map(({ status }) => status),
      [401, 200],
    );
  });

  test(`${name}: its own retries of a 503 refresh nothing`, async () => {
    const library = await recipes.load(name);
    api.kill();
    api.next.statuses = [503];
    const outcome = await put(library, api.origin).catch((error) => error);
    assert.equal(api.refreshes.length, 1);
    const statuses = api.calls.map(({ status }) => status);
    assert.deepEqual(statuses, retries ? [401, 503, 200] : [401, 503]);
    if (retries) assert.deepEqual(outcome, { saved: true });
    else assert.ok(!(outcome instanceof RefreshError), "the caller gets the library's error for a 503");
  });
}

for (const [name, send] of Object.entries({
  "with-ky": ({ api }, body, origin) => api.put(`${origin}/notes/1`, { body }),
  "with-axios": ({ api }, body) => api.put("/notes/1", body),
  "with-axios, and progress": ({ api }, body) => api.put("/notes/1", body, { onUploadProgress() {} }),
  "with-openapi-fetch": ({ api }, body) =>
    api.PUT("/notes/{id}", { params: { path: { id: "1" } }, body, bodySerializer: (bytes) => bytes }),
  "with-aws-sdk": ({ client }, body) => client.send(new InvokeModelCommand({ modelId: "notes", body })),
}))
  test(`${name}: a megabyte of bytes arrives twice as it is`, async () => {
    const bytes = randomBytes(1 << 20);
    const library = await recipes.load(name.split(",")[0]);
    api.kill();
    await send(library, bytes, api.origin);
    assert.deepEqual(
      api.calls.map(({ status, body }) => [status, body.equals(bytes)]),
      [
        [401, true],
        [200, true],
      ],
    );
  });

const rejection = (promise) =>
  promise.then(
    (value) => assert.fail(`it resolved to ${JSON.stringify(value)}`),
    (error) => error,
  );

async function state(refresher, wanted) {
  for (let tries = 0; refresher.state !== wanted; tries++) {
    assert.ok(tries < 500, `still ${refresher.state}`);
    await delay(5);
  }
}
