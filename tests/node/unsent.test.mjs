// A request that was not sent is no lost reply: nothing is spent, no mark stays, and the error says why.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";

const TOKENS = {
  access_token: "first.access.token-Wd31",
  refresh_token: "first.refresh.token-Jt77",
  expires_in: 1,
};
const SECRET = "client-secret-Zx81kPq0";
const GRANTED = { access_token: "second.access.token", token_type: "Bearer", expires_in: 3600 };
const token_endpoint = "https://as.example/token";

/** A refresh that fails; what was stored then, and what was sent. */
async function failed(options) {
  const storage = memoryStorage();
  const sent = [];
  const refresher = createRefresher({
    token_endpoint,
    client_id: "me",
    retries: 0,
    timeoutSeconds: 2,
    storage,
    fetch: async (url, init) => (sent.push(new Request(url, init)), Response.json(GRANTED)),
    ...options,
  });
  await refresher.setTokens(TOKENS);
  const error = await refresher.refresh().then(
    () => undefined,
    (reason) => reason,
  );
  refresher.close();
  return { error, sent, record: await storage.load() };
}

const node = (error) => async () => {
  throw Object.assign(new TypeError("fetch failed"), { cause: error });
};

for (const [what, options, reason] of [
  [
    "a character beyond Latin-1 in a header",
    { headers: { apikey: "sb_publishable_abc\u200b" } },
    /header apikey/,
  ],
  ["a line break in a header", { headers: { "x-request-id": () => "first\nsecond" } }, /header x-request-id/],
  ["a control character in a header", { headers: { apikey: "sb_publishable_\x01abc" } }, /header apikey/],
  [
    "a delete character in a header",
    { headers: { apikey: () => "sb_publishable_abc\x7f" } },
    /header apikey/,
  ],
  ["a space in a header's name", { headers: { "x request": "7" } }, /header x request/],
  [
    "a `fetch` that gives no Response",
    { fetch: async () => ({ data: GRANTED }) },
    /fetch must give a Response \(given: object\)/,
  ],
  [
    "a function that throws",
    { client_secret: () => assert.fail("the vault is sealed") },
    /the vault is sealed/,
  ],
])
  test(`${what} makes the refresh client_rejected: nothing is sent, no mark stays, and the reason is told`, async () => {
    const { error, sent, record } = await failed(options);
    assert.deepEqual(
      [error.code, error.refreshTokenState, error.retryable],
      ["client_rejected", "unspent", false],
    );
    assert.match(error.error_description, reason);
    assert.match(error.cause.message, reason);
    assert.equal(sent.length, 0);
    assert.equal(record.pending, undefined);
    assert.equal(record.tokens.refresh_token, TOKENS.refresh_token);
  });

/** As jsdom has it: a signal that is none of the platform's. */
class ForeignAbortController {
  signal = Object.assign(new EventTarget(), { aborted: false });
  abort() {}
}

/** What Node says from 24 on; those before take any. */
const strict = ({ signal }) => {
  if (!(signal instanceof AbortSignal))
    throw new TypeError("RequestInit: Expected signal to be an instance of AbortSignal.");
};

for (const [where, code, hasRequest] of [
  ["", "client_rejected", true],
  [" where there is no global Request", "unavailable", false],
])
  test(`an AbortSignal that fetch does not know${where} is ${code} and no lost reply, and the reason is told`, async () => {
    const { AbortController, Request } = globalThis;
    const given = function (_, init) {
      strict(init);
    };
    globalThis.AbortController = ForeignAbortController;
    globalThis.Request = hasRequest ? given : undefined;
    try {
      const { error, record } = await failed({ fetch: async (...sent) => given(...sent) });
      assert.deepEqual([error.code, error.refreshTokenState], [code, "unspent"]);
      assert.match(error.cause.message, /AbortSignal/);
      assert.equal(record.pending, undefined);
      assert.equal(record.tokens.refresh_token, TOKENS.refresh_token);
    } finally {
      Object.assign(globalThis, { AbortController, Request });
    }
  });

test("what the platform's own fetch refuses is asked of Request only then: nothing was sent, and no mark stays", async () => {
  const { AbortController, Request, fetch } = globalThis;
  let made = 0;
  globalThis.Request = function (_, init) {
    made++;
    strict(init);
  };
  globalThis.fetch = async (_, init) => (strict(init), Response.json(GRANTED));
  try {
    assert.equal((await failed({ fetch: undefined })).error, undefined);
    assert.equal(made, 0, "a third of the CPU of a refresh in Node");
    globalThis.AbortController = ForeignAbortController;
    const { error, record } = await failed({ fetch: undefined });
    assert.deepEqual([error.code, error.refreshTokenState], ["client_rejected", "unspent"]);
    assert.match(error.cause.message, /AbortSignal/);
    assert.equal(record.pending, undefined);
    assert.equal(made, 1);
  } finally {
    Object.assign(globalThis, { AbortController, Request, fetch });
  }
});

// https://fetch.spec.whatwg.org/#port-blocking
const BLOCKED = [
  1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104,
  109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515,
  526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049,
  3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
];

async function assertBlocked(options, cause) {
  const { error, record } = await failed(options);
  assert.deepEqual(
    [error.code, error.refreshTokenState, error.retryable, error.message],
    [
      "client_rejected",
      "unspent",
      false,
      "Nothing was sent (fetch blocks the port of this URL: use another)",
    ],
  );
  assert.match(error.cause.cause.message, cause);
  assert.equal(record.pending, undefined);
  assert.equal(record.tokens.refresh_token, TOKENS.refresh_token);
}

test("a port that Node's own fetch blocks is client_rejected, unspent, leaves no mark and is named as the reason", async () => {
  for (const port of [22, 6000, 6667])
    await assertBlocked(
      { token_endpoint: `http://127.0.0.1:${port}/token`, fetch: undefined },
      /fetch failed/,
    );
});

test("a port that Deno's fetch blocks is told the same way", () =>
  assertBlocked(
    { fetch: () => Promise.reject(new TypeError("Requests to port 6667 are blocked")) },
    /Requests to/,
  ));

test("in a page, where fetch does not say why, the port decides, and no other error of that port is taken for it", async () => {
  globalThis.location = new URL("https://app.example/");
  try {
    const fetch = () => Promise.reject(new TypeError("Failed to fetch"));
    for (const port of BLOCKED) {
      const blocked = await globalThis.fetch(`http://127.0.0.1:${port}/`).catch(({ cause }) => cause.message);
      assert.equal(blocked, "bad port", `Node's own fetch blocks ${port}`);
      await assertBlocked({ token_endpoint: `https://as.example:${port}/token`, fetch }, /Failed to fetch/);
    }
    const others = BLOCKED.flatMap((port) => [port - 1, port + 1]).filter((port) => !BLOCKED.includes(port));
    for (const port of [...others, 80, 443, 8443, 16667, 66, 60000]) {
      const { error } = await failed({ token_endpoint: `https://as.example:${port}/token`, fetch });
      assert.deepEqual([error.code, error.refreshTokenState], ["outcome_unknown", "unknown"], port);
    }
    for (const error of [
      new Error("Failed to fetch"),
      Object.assign(new TypeError("reset"), { code: "ECONNRESET" }),
    ]) {
      const given = { token_endpoint: "https://as.example:6667/token", fetch: () => Promise.reject(error) };
      assert.equal((await failed(given)).error.refreshTokenState, "unknown", error.message);
    }
  } finally {
    delete globalThis.location;
  }
});

test("without any fetch the refresh is client_rejected and names the option", async () => {
  const { fetch } = globalThis;
  globalThis.fetch = undefined;
  try {
    const { error, record } = await failed({ fetch: undefined });
    assert.deepEqual([error.code, error.refreshTokenState], ["client_rejected", "unspent"]);
    assert.match(error.error_description, /no fetch.*option `fetch`/);
    assert.equal(record.pending, undefined);
  } finally {
    globalThis.fetch = fetch;
  }
});

for (const [what, error] of [
  [
    "a refused connection",
    Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", syscall: "connect" }),
  ],
  [
    "a name that does not resolve",
    Object.assign(new Error("getaddrinfo"), { code: "EAI_AGAIN", syscall: "getaddrinfo" }),
  ],
  ["a certificate that has expired", Object.assign(new Error("expired"), { code: "CERT_HAS_EXPIRED" })],
  [
    "refused connections over IPv4 and IPv6",
    Object.assign(new AggregateError([Object.assign(new Error(), { code: "ECONNREFUSED" })]), {
      code: "ETIMEDOUT",
    }),
  ],
])
  test(`${what} is unavailable, leaves the refresh token unspent and is the error's cause`, async () => {
    const { error: told, record } = await failed({ fetch: node(error) });
    assert.deepEqual([told.code, told.refreshTokenState, told.retryable], ["unavailable", "unspent", true]);
    assert.equal(told.cause.message, "fetch failed");
    assert.deepEqual(
      [told.cause.cause.message, told.cause.cause.code],
      [error.message || error.name, error.code],
    );
    assert.equal(record.pending, undefined);
  });

test("a connection that breaks later is a lost reply, whatever its code", async () => {
  for (const code of ["ECONNRESET", "EPIPE", "UND_ERR_SOCKET", "ENETRESET"])
    assert.equal((await failed({ fetch: node({ code }) })).error.refreshTokenState, "unknown", code);
  const { error } = await failed({ fetch: node({ code: "EHOSTUNREACH", syscall: "read" }) });
  assert.deepEqual([error.code, error.refreshTokenState], ["outcome_unknown", "unknown"]);
});

test("a connection that breaks after the headers of a success is a lost reply, whatever its code", async () => {
  for (const code of [
    "ENETUNREACH",
    "ECONNREFUSED",
    "CERT_HAS_EXPIRED",
    "ERR_SSL_SSLV3_ALERT_UNEXPECTED_MESSAGE",
  ]) {
    const pull = (body) => body.error(Object.assign(new TypeError("terminated"), { code }));
    const { error, record } = await failed({ fetch: async () => new Response(new ReadableStream({ pull })) });
    assert.deepEqual([error.code, error.refreshTokenState], ["outcome_unknown", "unknown"], code);
    assert.ok(record.pending);
  }
});

test("a browser that says it is offline is asked to send all the same", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { onLine: false }, configurable: true });
  try {
    const { error, sent } = await failed({});
    assert.deepEqual([error, sent.length], [undefined, 1]);
  } finally {
    if (before) Object.defineProperty(globalThis, "navigator", before);
    else delete globalThis.navigator;
  }
});

test("causes hold no secret, however deep, and no more than a few levels", async () => {
  const quoting = (depth) =>
    Object.assign(new Error(`level ${depth} sent ${SECRET} and ${TOKENS.refresh_token}`), {
      code: `E_${SECRET}`,
      ...(depth < 9 && { cause: quoting(depth + 1) }),
    });
  const { error } = await failed({ client_secret: SECRET, fetch: node(quoting(0)) });
  let depth = 0;
  for (let at = error.cause; at; at = at.cause, depth++) {
    for (const text of [at.message, at.code, at.stack].filter(Boolean))
      assert.ok(!text.includes(SECRET.slice(0, 8)) && !text.includes(TOKENS.refresh_token.slice(0, 8)), text);
  }
  assert.ok(depth > 2 && depth < 8, `${depth} levels`);
});

test("a storage's error is the cause of storage_failed", async () => {
  const refresher = createRefresher({
    token_endpoint,
    client_id: "me",
    timeoutSeconds: 1,
    storage: {
      load: () => {
        throw Object.assign(new Error("connect ECONNREFUSED db:5432"), { code: "ECONNREFUSED" });
      },
      save: () => {},
    },
  });
  const error = await refresher.getAccessToken().catch((reason) => reason);
  assert.deepEqual([error.code, error.cause.code], ["storage_failed", "ECONNREFUSED"]);
  assert.equal(error.cause.message, "connect ECONNREFUSED db:5432");
  refresher.close();
});
