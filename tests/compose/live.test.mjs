// The recipes of docs/fetch.md for WebSocket and event streams, unchanged, in Node against a server that reports an expired token.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { RefreshError } from "oauth-refresher";
import { WebSocket } from "ws";
import { startApi } from "./api.mjs";
import { startChat } from "./chat.mjs";
import { openRecipes } from "./recipes.mjs";

globalThis.WebSocket ??= WebSocket; // Node 20 has none

let api, chat, recipes, refresher, leaving, heard, streams;

before(async () => {
  api = await startApi({ "GET /events": eventStream });
  chat = startChat(api);
});
after(() => api.close());
beforeEach(async () => {
  api.calls.length = api.refreshes.length = chat.connections.length = 0;
  recipes = await openRecipes({ "https://auth.example": api.origin, "https://api.example": api.origin });
  ({ refresher } = await recipes.load("session"));
  await refresher.setTokens(api.login());
  leaving = new AbortController();
  heard = [];
  streams = [];
});
afterEach(async () => {
  leaving.abort();
  refresher.close();
  await recipes.remove();
});

test("web-socket: the token is the first message and no part of the URL, and what comes then is heard", async () => {
  await startListening();
  await until(() => heard.length === 1);
  assert.deepEqual(heard, ["welcome 1"]);
  const [{ request, token }] = chat.connections;
  assert.equal(token, refresher.tokens.access_token);
  assert.equal(request.url, "/chat");
  assert.ok(!JSON.stringify(request.headers).includes(token));
});

test("web-socket: a token that changed opens a new connection with it, at once, and closes the old one", async () => {
  await startListening();
  await until(() => heard.length === 1);
  const started = performance.now();
  const { access_token } = await refresher.refresh();
  await until(() => heard.length === 2);
  assert.ok(performance.now() - started < 900, "without a pause");
  assert.equal(chat.connections[1].token, access_token);
  await until(() => chat.connections[0].isClosed);
  await delay(50);
  assert.equal(chat.connections.length, 2, "one change, one connection");
});

test("web-socket: a connection closed over its token costs one refresh", async () => {
  await startListening();
  await until(() => heard.length === 1);
  api.kill();
  chat.closeAll(4401);
  await until(() => heard.length === 2);
  await delay(50);
  assert.equal(
    chat.connections.length,
    2,
    "the refresh that the refusal led to is no change to reconnect for",
  );
  assert.equal(api.refreshes.length, 1);
  assert.notEqual(chat.connections[1].token, chat.connections[0].token);
});

test("web-socket: a connection that breaks off comes back with the token that is good, without a refresh", async () => {
  await startListening();
  await until(() => heard.length === 1);
  chat.breakAll();
  await until(() => heard.length === 2);
  assert.equal(api.refreshes.length, 0);
  assert.equal(chat.connections[1].token, chat.connections[0].token);
});

test("web-socket: a sign-out closes the connection and rejects with the RefreshError", async () => {
  const listening = await startListening();
  await until(() => heard.length === 1);
  await refresher.signOut();
  const { error } = await listening.end;
  assert.ok(error instanceof RefreshError, String(error));
  assert.equal(error.code, "signed_out");
  await until(() => chat.connections[0].isClosed);
});

test("web-socket: an abort closes the connection and rejects with its reason", async () => {
  const listening = await startListening();
  await until(() => heard.length === 1);
  leaving.abort(new Error("enough"));
  assert.equal((await listening.end).error.message, "enough");
  await until(() => chat.connections[0].isClosed);
});

test("subprotocol: the token goes in a header, and the server answers with the other name", async () => {
  const { connect } = await recipes.load("subprotocol");
  const socket = await connect(chat.url);
  const [message] = await new Promise((resolve, reject) => {
    socket.onmessage = ({ data }) => resolve([data]);
    socket.onerror = reject;
  });
  assert.equal(message, "welcome 1");
  assert.equal(socket.protocol, "chat.v1");
  assert.equal(chat.connections[0].token, refresher.tokens.access_token);
  socket.close();
});

test("server-events: events are heard as EventSource hears them, however the stream is cut", async () => {
  const text =
    "\uFEFF: a comment\nretry: 5\nid: 1\ndata: one\n\nevent: note\r\ndata: two\r\ndata:  and more\r\n\r\n" +
    "data\n\nevent: without-data\n\ndata:世界\rid: 4\r\ndata: unfinished: is dropped";
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    heard = [];
    streams = [pieces(bytes, size), null];
    await startListening("server-events").then(({ end }) => end);
    assert.deepEqual(heard.slice(0, 3), [
      ["message", "one"],
      ["note", "two\n and more"],
      ["message", ""],
    ]);
    assert.deepEqual(heard.slice(3), [], `in pieces of ${size}`);
  }
});

test("server-events: after a break the next connection says where it stopped, and goes on at a 401 after one refresh", async () => {
  streams = [["retry: 5\n\nid: 7\ndata: one\n\n", "break"], ["data: two\n\n"], null];
  const listening = await startListening("server-events");
  await until(() => heard.length === 1);
  api.kill();
  assert.deepEqual(await listening.end, { value: undefined });
  assert.deepEqual(heard, [
    ["message", "one"],
    ["message", "two"],
  ]);
  assert.deepEqual(
    api.calls.map(({ status, headers }) => [status, headers["last-event-id"]]),
    [
      [200, undefined],
      [401, "7"],
      [200, "7"],
      [204, "7"],
    ],
  );
  assert.equal(api.refreshes.length, 1);
});

test("server-events: an abort in the middle of the stream rejects with its reason, and the connection is closed", async () => {
  streams = [["data: one\n\n", "wait"]];
  const listening = await startListening("server-events");
  await until(() => heard.length === 1);
  leaving.abort(new Error("enough"));
  assert.equal((await listening.end).error.message, "enough");
  await until(() => api.calls[0].isClosed);
});

/** `end`: the recipe's value, or its error. */
async function startListening(recipe = "web-socket") {
  const { listen } = await recipes.load(recipe);
  const [url, hear] =
    recipe === "web-socket"
      ? [chat.url, (message) => heard.push(message)]
      : [`${api.origin}/events`, (type, message) => heard.push([type, message])];
  const end = listen(url, hear, leaving.signal).then(
    (value) => ({ value }),
    (error) => ({ error }),
  );
  return { end };
}

/** Writes the next of `streams` piece by piece, then ends or breaks it. */
async function eventStream(call, res) {
  const stream = streams.shift();
  if (!stream) {
    call.status = 204;
    return void res.writeHead(204).end();
  }
  res.writeHead(200, { "Content-Type": "text/event-stream" });
  res.once("close", () => (call.isClosed = true));
  for (const piece of stream) {
    if (piece === "wait") return;
    if (piece === "break") return void res.destroy();
    res.write(piece);
    await delay(1);
  }
  res.end();
}

const pieces = (bytes, size) =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));

async function until(isSo) {
  for (let tries = 0; !isSo(); tries++) {
    assert.ok(tries < 1000, `timed out waiting for: ${isSo}; heard: ${JSON.stringify(heard)}`);
    await delay(5);
  }
}
