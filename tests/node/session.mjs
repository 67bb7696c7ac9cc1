// One refresher on a real server, with everything it tells written down. Not a test by itself.
import { inspect } from "node:util";
import { createRefresher } from "oauth-refresher";
import { memoryStorage } from "oauth-refresher/storage";

const EVENTS = ["token-changed", "refresh-failed", "session-ended", "storage-failed"];

/** A refresher for the public client of oidc-provider, logged in unless `login` says otherwise. */
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

/** An access token that has run out, and a refresh token that works. */
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

/** Waits until it is so, as long as a busy machine may take. */
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

/** The first piece of eight characters of a secret that the text holds. */
export function leak(text, secrets) {
  for (const secret of secrets)
    for (let at = 0; at + 8 <= secret.length; at++) {
      const piece = secret.slice(at, at + 8);
      if (text.includes(piece)) return piece;
    }
}
