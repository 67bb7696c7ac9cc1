// A token endpoint that is a function: it logs its requests and gives scripted replies. Not a test by itself.

import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";
import { record } from "./session.mjs";

export const token_endpoint = "https://auth.test/token";
export const revocation_endpoint = "https://auth.test/revoke";
export const issuer = "https://auth.test/tenant";

let minted = 0;
const token = (kind) => `${kind}.${String(++minted).padStart(9, "0")}~of~this~test`;

/** A reply with new tokens. */
export const granted = (extra = {}) =>
  Response.json({
    access_token: token("A"),
    refresh_token: token("R"),
    token_type: "Bearer",
    expires_in: 3600,
    ...extra,
  });

export const refused = (error, { status = 400, headers = {}, ...more } = {}) =>
  Response.json({ error, ...more }, { status, headers });

/** Requests beyond the given replies are granted. A reply may be a function of the request. `revocations`: for the revocation endpoint. */
export function endpoint(...replies) {
  const asked = [];
  const revocations = [];
  async function fetch(url, init) {
    const request = new Request(url, init);
    const text = await request.clone().text();
    const headers = Object.fromEntries(request.headers);
    asked.push({
      url: String(url),
      method: request.method,
      headers,
      text,
      parameters: new URLSearchParams(text),
    });
    if (String(url).startsWith(revocation_endpoint)) {
      const reply = revocations.shift() ?? (() => new Response(null, { status: 200 }));
      return reply(asked.at(-1));
    }
    const reply = replies.shift() ?? granted();
    return typeof reply === "function" ? reply(asked.at(-1)) : reply;
  }
  return { fetch, asked, revocations };
}

/** A session at that endpoint whose access token has expired. */
export function expiredSession(server, options) {
  const storage = memoryStorage();
  const refresh_token = token("R");
  const refresher = createRefresher({
    token_endpoint,
    revocation_endpoint,
    fetch: server.fetch,
    storage,
    tokens: { refresh_token },
    ...options,
  });
  return { refresher, storage, refresh_token, events: record(refresher) };
}

/** The error of a promise that must reject. */
export const reasonOf = (promise) =>
  promise.then(
    () => undefined,
    (reason) => reason,
  );
