// Responses as React Native's fetch gives them: they have text() and no stream.

import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { go1 } from "oauth-refresher/providers";

/** A Response without `body`. */
function streamless(text, init) {
  const response = new Response(text, init);
  Object.defineProperty(response, "body", { value: undefined });
  response.clone = () => streamless(text, init);
  return response;
}

/** A session; what its token endpoint and its API answer. */
function session(answer) {
  const requests = [];
  const refresher = createRefresher({
    token_endpoint: "https://auth.example/token",
    client_id: "me",
    tokens: { refresh_token: "r0" },
    origins: ["https://api.example"],
    retries: 0,
    fetch: async (url, init) => {
      requests.push(String(url));
      return answer(String(url), new Headers(init.headers), requests);
    },
  });
  return { refresher, requests };
}

const granted = (count) =>
  streamless(JSON.stringify({ access_token: `a${count}`, refresh_token: `r${count}`, token_type: "Bearer" }));

test("a reply without a stream is a token response", async () => {
  const { refresher } = session((url, headers, { length }) => granted(length));
  assert.equal(await refresher.getAccessToken(), "a1");
  assert.equal((await refresher.refresh()).access_token, "a2");
  refresher.close();
});

test("a refusal without a stream ends the session", async () => {
  const { refresher } = session(() => streamless('{"error":"invalid_grant"}', { status: 400 }));
  await assert.rejects(refresher.getAccessToken(), { code: "session_ended", error: "invalid_grant" });
  refresher.close();
});

test("a success whose text breaks off is a lost reply", async () => {
  const { refresher, requests } = session(() => {
    const response = granted(1);
    response.text = () => Promise.reject(new TypeError("terminated"));
    return response;
  });
  await assert.rejects(refresher.getAccessToken(), { code: "outcome_unknown" });
  assert.equal(requests.length, 1);
  refresher.close();
});

test("refresher.fetch retries after a 401 without a stream", async () => {
  const { refresher } = session((url, headers, { length }) => {
    if (url.endsWith("/token")) return granted(length);
    return streamless("{}", { status: headers.get("authorization") === "Bearer a3" ? 200 : 401 });
  });
  const { status } = await refresher.fetch("https://api.example/me", { method: "POST", body: "x" });
  assert.equal(status, 200);
  refresher.close();
});

test("go1 recognises an expired access token in a reply without a stream", async () => {
  const { isTokenRejected } = go1({ client_id: "me", client_secret: "s" });
  assert.equal(await isTokenRejected(streamless("Invalid token", { status: 403 })), true);
  assert.equal(await isTokenRejected(streamless("no such course", { status: 403 })), false);
  const broken = streamless("Invalid token", { status: 403 });
  broken.clone = () => ({ body: undefined, text: () => Promise.reject(new TypeError("terminated")) });
  assert.equal(await isTokenRejected(broken), false);
});
