// A log of oidc-provider's requests and results, from its own events.

import { logEntry } from "./log.mjs";

/** The client, the request and the result. Tokens are kept only to number them, and no entry contains one. */
export function familyLog(clients) {
  const requests = [];
  const revokedFamilies = [];
  const entries = new WeakMap();
  const families = new Map(); // grant → number of the family
  const tokens = new Map(); // refresh token → { family, number }

  const named = (client_id) =>
    Object.keys(clients).find((name) => clients[name].client_id === client_id) ?? null;
  const seen = (ctx) => {
    const { params, client } = ctx.oidc ?? {};
    const known = tokens.get(params?.refresh_token);
    return Object.assign(entries.get(ctx.req), {
      client: named(client?.clientId ?? params?.client_id),
      grant_type: params?.grant_type ?? null,
      family: known?.family ?? null,
      refreshTokenNumber: known?.number ?? null,
    });
  };

  return {
    requests,
    revokedFamilies,
    minted(grantId, token) {
      families.set(grantId, families.size + 1);
      tokens.set(token, { family: families.size, number: 1 });
    },
    arrived(req, fault) {
      const entry = logEntry(requests, { atMs: Date.now(), fault: fault?.name ?? null });
      entries.set(req, entry);
      return entry;
    },
    granted(ctx) {
      const entry = Object.assign(seen(ctx), { status: 200, outcome: "granted" });
      const { refresh_token } = ctx.body;
      entry.rotated = Boolean(refresh_token) && !tokens.has(refresh_token);
      if (entry.rotated)
        tokens.set(refresh_token, { family: entry.family, number: entry.refreshTokenNumber + 1 });
    },
    refused(ctx, error) {
      Object.assign(seen(ctx), {
        status: error.statusCode ?? 500,
        outcome: "refused",
        error: error.error ?? null,
      });
    },
    revoked(grantId) {
      const family = families.get(grantId);
      if (family && !revokedFamilies.includes(family)) revokedFamilies.push(family);
    },
  };
}
