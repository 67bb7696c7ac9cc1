// The servers of the demo in fast time, and the sessions a client can have there.

import { startAll } from "../tests/servers/index.mjs";

/**
 * `lifeSeconds` says how long an access token of each server lives here: twelve hours of Go1's document, one hour of GoTo's and
 * Vault's. `graceSeconds`: a used refresh token of oidc-provider still works for this long.
 */
export async function startDemoServers(lifeSeconds, { graceSeconds = 0 } = {}) {
  const secondsPerHour = { go1: lifeSeconds.go1 / 12, goto: lifeSeconds.goto, vault: lifeSeconds.vault };
  const servers = await startAll({
    oidc: { accessTokenSeconds: lifeSeconds.oidc, graceSeconds },
    go1: { secondsPerHour: secondsPerHour.go1 },
    goto: { secondsPerHour: secondsPerHour.goto },
    vault: { secondsPerHour: secondsPerHour.vault },
  });
  return Object.assign(servers, { secondsPerHour, graceSeconds });
}

/**
 * One entry per session: `session`, plain JSON, is what a client knows; `server`, `login()` and `log()` are for the demo.
 * oidc-provider has three clients: none, basic and post.
 */
export function sessionsOf(servers) {
  const { oidc, go1, goto, vault, secondsPerHour = {}, graceSeconds = 0 } = servers;
  const oidcSession = (name, client, clientAuth) =>
    entry(oidc, {
      name,
      provider: "oidc",
      client,
      label: "oidc-provider",
      ...oidc.clients[client],
      clientAuth,
      revocation_endpoint: oidc.revocation_endpoint,
      reuse: graceSeconds ? { graceSeconds } : "never",
    });
  const documented = (server, label, identity) =>
    entry(server, {
      name: server.name,
      provider: server.name,
      client: server.name,
      label,
      secondsPerHour: secondsPerHour[server.name] ?? 3600,
      ...identity,
    });
  return [
    oidcSession("oidc", "none", "none"),
    oidcSession("oidc-basic", "basic", "client_secret_basic"),
    oidcSession("oidc-post", "post", "client_secret_post"),
    documented(go1, "Go1", go1.client),
    documented(goto, "GoTo", goto.client),
    documented(vault, "Vault", { partnerId: vault.partnerId }),
  ];
}

function entry(server, session) {
  const { client } = session;
  const requests = () => server.requests.filter((request) => request.client === client);
  const count = (outcome) => requests().filter((request) => request.outcome === outcome).length;
  return {
    session: { ...session, token_endpoint: server.token_endpoint, resource: server.resource.url },
    server,
    login: () => server.mint(client),
    requests,
    /** Numbers only. A fault that never got to the server's logic has no client in oidc-provider's log, and is not counted. */
    log: () => ({
      tokenRequests: requests().length,
      granted: count("granted"),
      refused: count("refused") + count("violation"),
      callsAccepted: server.resource.accepted,
      callsRefused: server.resource.refused,
    }),
  };
}
