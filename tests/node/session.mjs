// A refresher at a real server, with a log of its events. Not a test by itself.
import { inspect } from "node:util";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";

const EVENTS = ["token-changed", "refresh-failed", "session-ended", "storage-failed"];

/** A refresher for the public client of oidc-provider, logged in unless `login` is false. */
export async function session(oidc, { login, ...options } = {}) {
  const storage = options.storage ?? memoryStorage();
  const refresher = createRefresher({
    token_endpoint: oidc.token_endpoint,
    client_id: oidc.clients.none.client_id,
    timeoutSeconds: 2,
    ...options,
    storage,
  });
  const events = record(refresher);
  const minted = login === undefined ? await oidc.mint("none") : login;
  if (minted) await refresher.setTokens(minted);
  return { refresher, storage, events, minted };
}

/** An expired access token and a valid refresh token. */
export async function expired(oidc) {
  return { ...(await oidc.mint("none")), expires_in: undefined, expires_at: Date.now() / 1000 - 5 };
}

export function record(refresher) {
  const events = [];
  for (const type of EVENTS)
    refresher.addEventListener(type, ({ detail }) => events.push({ type, ...detail }));
  events.types = () => events.map(({ type, source }) => (source ? `${type} ${source}` : type));
  return events;
}

/** Waits until the condition holds, as long as a busy machine may need. */
export async function until(condition, limitMs = 10_000) {
  for (const end = performance.now() + limitMs; performance.now() < end;) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within ${limitMs} ms: ${condition}`);
}

/** Everything a log could show of a value. */
export const shown = (value) =>
  [inspect(value, { depth: 9, showHidden: true }), String(value), JSON.stringify(value) ?? ""].join("\n");

/** The first eight characters of a secret that the text contains. */
export function leak(text, secrets) {
  for (const secret of secrets)
    for (let at = 0; at + 8 <= secret.length; at++) {
      const piece = secret.slice(at, at + 8);
      if (text.includes(piece)) return piece;
    }
}
