// Checks the servers made from rows with plain fetch: a lenient server would weaken table.test.mjs.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientFor } from "./client.mjs";
import { rows } from "../../pkg-template/providers/source/rows.mjs";
import { startRow } from "./server.mjs";

const GOOGLE = {
  "as the row has it": [{}, undefined],
  "another method": [{ method: "PUT" }, "the method is not POST"],
  "another path": [{ path: "/token2" }, "the address is not https://oauth2.googleapis.com/token"],
  "another host": [
    { host: "https://evil.example" },
    "the address is not https://oauth2.googleapis.com/token",
  ],
  "an unknown parameter": [{ form: { scope: "all" } }, "unknown form parameter scope"],
  "a parameter twice": [{ append: "&client_id=x" }, "form parameter client_id came twice"],
  "no secret": [{ form: { client_secret: null } }, "form parameter client_secret is missing"],
  "another secret": [{ form: { client_secret: "guess-0123" } }, "form parameter client_secret is not secret"],
  "another grant": [{ form: { grant_type: "password" } }, "form parameter grant_type has another value"],
  "a parameter in the query": [{ path: "/token?client_id=x" }, "unknown query parameter client_id"],
  "two client authentications": [
    { headers: { authorization: "Basic eDp5" } },
    "unknown header authorization",
  ],
  "an unknown header": [{ headers: { "x-api-key": "k" } }, "unknown header x-api-key"],
  "no Accept": [{ headers: { accept: "*/*" } }, "header accept has another value"],
  "JSON for a form": [
    { headers: { "content-type": "application/json" } },
    "content-type is not application/x-www-form-urlencoded",
  ],
};

for (const [claim, [change, violation]] of Object.entries(GOOGLE))
  test(`google: ${claim}: ${violation ?? "granted"}`, async (t) => {
    const { server, client, refresh_token } = await started(t, "google");
    const form = {
      grant_type: "refresh_token",
      refresh_token,
      client_id: client.id,
      client_secret: client.secret,
    };
    const fields = Object.entries({ ...form, ...change.form }).filter(([, value]) => value !== null);
    const reply = await server.fetch(
      (change.host ?? "https://oauth2.googleapis.com") + (change.path ?? "/token"),
      {
        method: change.method ?? "POST",
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded",
          ...change.headers,
        },
        body: new URLSearchParams(fields) + (change.append ?? ""),
      },
    );
    assert.deepEqual(server.violations, violation ? [violation] : []);
    assert.equal(reply.status, violation ? 418 : 200);
  });

const NOTION = {
  "as the row has it": [{}, undefined],
  "a form for JSON": [{ body: "a=b" }, "the body is not JSON, or has a duplicate member"],
  "a member twice": [
    { body: '{"grant_type":"x","grant_type":"refresh_token"}' },
    "the body is not JSON, or has a duplicate member",
  ],
  "an unknown member": [{ json: { client_id: "x" } }, "unknown JSON parameter client_id"],
  "another version": [
    { headers: { "notion-version": "2022-06-28" } },
    "header notion-version has another value",
  ],
  "Basic of another client": [
    { headers: { authorization: "Basic eDp5" } },
    "header authorization has another value",
  ],
};

for (const [claim, [change, violation]] of Object.entries(NOTION))
  test(`notion: ${claim}: ${violation ?? "granted"}`, async (t) => {
    const { server, client, refresh_token } = await started(t, "notion");
    const basic = Buffer.from(`${client.id}:${client.secret}`).toString("base64");
    const headers = {
      accept: "application/json",
      "content-type": "application/json",
      "notion-version": "2026-03-11",
    };
    await server.fetch("https://api.notion.com/v1/oauth/token", {
      method: "POST",
      headers: { ...headers, authorization: `Basic ${basic}`, ...change.headers },
      body: change.body ?? JSON.stringify({ grant_type: "refresh_token", refresh_token, ...change.json }),
    });
    assert.deepEqual(server.violations, violation ? [violation] : []);
  });

test("a one-time token that is replayed ends the session, and within its grace period it does not", async (t) => {
  const refreshTwice = async (id) => {
    const { server } = await started(t, id);
    const [first] = [server.book.last.refresh_token];
    const second = server.book.refresh(first);
    const again = server.book.refresh(first);
    return [Boolean(again), Boolean(server.book.refresh((again ?? second).refresh_token))];
  };
  assert.deepEqual(await refreshTwice("box"), [false, false]);
  assert.deepEqual(await refreshTwice("xero"), [true, true]);
  assert.deepEqual(await refreshTwice("shopify"), [true, true]);
  assert.deepEqual(await refreshTwice("microsoft-entra"), [true, true]);
});

test("a parent token that may be replayed returns the active token where the row says so", async (t) => {
  const { server } = await started(t, "supabase");
  const first = server.book.last.refresh_token;
  const { refresh_token } = server.book.refresh(first);
  assert.equal(server.book.refresh(first).refresh_token, refresh_token);
  assert.ok(server.book.refresh(refresh_token));
});

test("an old token is invalid after its successor was used", async (t) => {
  const { server } = await started(t, "shopify");
  const first = server.book.last.refresh_token;
  const second = server.book.refresh(first).refresh_token;
  assert.ok(server.book.refresh(second));
  assert.equal(server.book.refresh(first), undefined);
});

async function started(t, id) {
  const row = rows.find((row) => row.id === id);
  const client = clientFor(row);
  const server = await startRow(row, client);
  t.after(() => server.close());
  return { server, client, refresh_token: server.book.login().refresh_token };
}
