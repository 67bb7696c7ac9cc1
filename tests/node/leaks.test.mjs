// Searches errors, events and logs for eight consecutive characters of tokens and secrets.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { createRefresher } from "oauth-refresher";
import { leak, record, shown } from "./session.mjs";

const REFRESH_TOKEN = "rt-7hGq2ZxWv9LkPd3sMn8b";
const ACCESS_TOKEN = "at-Qw4eRt6yUi1oPa0sDf5g";
const CLIENT_SECRET = "cs-Zx3cVb5nMa7sDf9gHj2k";
const SECRETS = [REFRESH_TOKEN, ACCESS_TOKEN, CLIENT_SECRET];

let server;
let token_endpoint;
before(async () => {
  // A server that echoes its request.
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

test("tokens and secrets that a server echoes are in no error and no event", async () => {
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

test("a function that fails may quote the secret that it has not given: what looks like one is in no error and no event", async () => {
  const quoting = () => {
    throw new Error(`vault-2 says: ${CLIENT_SECRET} is revoked`, {
      cause: new Error(`key=${CLIENT_SECRET}`),
    });
  };
  for (const option of [
    { client_secret: quoting },
    { client_secret: async () => quoting() },
    { parameters: { code: quoting } },
    { headers: { "x-key": quoting } },
  ]) {
    const tokens = { refresh_token: REFRESH_TOKEN };
    const refresher = createRefresher({ token_endpoint, client_id: "me", tokens, ...option, retries: 0 });
    const events = record(refresher);
    const error = await refresher.getAccessToken({ timeoutSeconds: 2 }).catch((reason) => reason);
    await new Promise((resolve) => setTimeout(resolve));
    assert.match(error.cause.message, /^vault-2 says: .*is revoked$/, "the rest is told");
    assert.equal(leak(shown([error, error.cause, error.cause.cause, events]), [CLIENT_SECRET]), undefined);
    refresher.close();
  }
});

test("eight characters of a secret are redacted and seven are not", async () => {
  const said = (length) =>
    ["left", REFRESH_TOKEN.slice(5, 5 + length), CLIENT_SECRET.slice(-length), "right"].join(" ");
  for (const [length, kept] of [
    [7, said(7)],
    [8, "left [redacted] [redacted] right"],
  ]) {
    const fetch = async () =>
      Response.json({ error: "teapot", error_description: said(length) }, { status: 400 });
    const tokens = { refresh_token: REFRESH_TOKEN };
    const refresher = createRefresher({
      token_endpoint,
      client_id: "me",
      client_secret: CLIENT_SECRET,
      fetch,
      tokens,
    });
    const error = await refresher.getAccessToken().catch((reason) => reason);
    assert.equal(error.error_description, kept);
  }
});

test("a record that a storage's error quotes is in no event", async () => {
  const stored = JSON.stringify({
    format: 1,
    generation: 1,
    obtained_at: 1,
    tokens: { access_token: ACCESS_TOKEN },
  });
  const quoting = (words) => {
    throw Object.assign(new Error(words), {
      name: words,
      code: words,
      cause: new Error(words),
      query: words,
    });
  };
  for (const storage of [
    { load: () => JSON.parse(`${stored}${ACCESS_TOKEN}`), save: () => {} },
    { load: () => null, save: (given) => quoting(`INSERT failed: ${JSON.stringify(given)}`) },
  ]) {
    const refresher = createRefresher({ token_endpoint, client_id: "me", storage });
    const events = record(refresher);
    await refresher.getAccessToken().catch(() => {});
    const tokens = { access_token: ACCESS_TOKEN, refresh_token: REFRESH_TOKEN };
    const error = await refresher.setTokens(tokens).then(
      () => undefined,
      (reason) => reason,
    );
    await new Promise((resolve) => setTimeout(resolve));
    const failures = events.filter(({ type }) => type === "storage-failed");
    assert.ok(failures.length > 0);
    assert.equal(leak(shown([failures, error, error?.cause]), SECRETS), undefined);
    refresher.close();
  }
});

test("console.log of a refresher with tokens shows none", async () => {
  const refresher = createRefresher({ token_endpoint, client_id: "me", client_secret: CLIENT_SECRET });
  await refresher.setTokens({ access_token: ACCESS_TOKEN, refresh_token: REFRESH_TOKEN, expires_in: 3600 });
  assert.equal(refresher.tokens.access_token, ACCESS_TOKEN);
  assert.equal(leak(shown(refresher), SECRETS), undefined);
});

test("TypeErrors of misuse quote no value", async () => {
  const refresher = createRefresher({
    token_endpoint,
    client_id: "me",
    tokens: { refresh_token: REFRESH_TOKEN },
  });
  const misused = await Promise.all([
    refresher
      .setTokens({ access_token: [ACCESS_TOKEN], refresh_token: REFRESH_TOKEN })
      .catch((reason) => reason),
    refresher.fetch(`https://other.example/?access_token=${ACCESS_TOKEN}`).catch((reason) => reason),
    ...[
      { client_secret: [CLIENT_SECRET] },
      { tokens: REFRESH_TOKEN },
      { token_endpoint: `ftp://${CLIENT_SECRET}` },
      { parameters: { refresh_token: REFRESH_TOKEN } },
      { headers: { authorization: `Basic ${CLIENT_SECRET}` }, client_secret: CLIENT_SECRET },
    ].map((wrong) => {
      try {
        return createRefresher({ token_endpoint, client_id: "me", ...wrong });
      } catch (error) {
        return error;
      }
    }),
  ]);
  for (const error of misused) {
    assert.ok(error instanceof TypeError, error);
    assert.equal(leak(shown(error) + error.stack, SECRETS), undefined);
  }
});

// --- the listener of all suites ----------------------------------------------------------------------------------------

const TESTS = fileURLToPath(new URL("..", import.meta.url));
const PLACES = [
  "standard output",
  "standard error",
  "an error",
  "a cause",
  "an event",
  "a warning",
  "a message",
  "the name of a file",
  "a file that is a lock",
];

test("the listener fails a run that shows eight characters of a secret anywhere, and no other", async () => {
  const folder = await mkdtemp(join(tmpdir(), "oauth-refresher-"));
  try {
    assert.equal((await planted("nothing", folder)).code, 0);
    for (const place of PLACES) {
      const { code, stderr } = await planted(place, folder);
      assert.equal(code, 1, `${place}: the run must fail`);
      assert.match(stderr, /a secret was shown, in pieces of eight characters/, place);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

/** Without the listener: installed packages, tarballs, and hosts, whose access tokens cross a MessageChannel on purpose. */
const WITHOUT_LISTENER = /node_modules|^packaging|\/host(s|-misuse)\.test/;

test("every test file has the listener first", async () => {
  const names = await readdir(TESTS, { recursive: true });
  const files = names.filter((name) => name.endsWith(".test.mjs") && !WITHOUT_LISTENER.test(name));
  assert.ok(files.length > 25);
  for (const name of files) {
    const [first] = (await readFile(join(TESTS, name), "utf8")).match(/^import [^\n]*$/m);
    assert.match(first, /"\.\.\/leaks\/listener\.mjs";$/, name);
  }
});

const planted = (place, folder) =>
  new Promise((resolve) => {
    const program = join(TESTS, "leaks/planted.mjs");
    execFile(process.execPath, [program, place, folder], (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stderr });
    });
  });
