// How each demo session asks its server: what a user of the package would write. The terminal and the page share it.

/**
 * `session` is what demo-servers.mjs describes; `providers` is the module oauth-refresher/providers. The servers stand in for
 * the real ones, so the addresses are theirs; everything else is the preset's.
 */
export function optionsFor(session, providers) {
  const { provider, token_endpoint, client_id, client_secret, partnerId, resource } = session;
  const origins = [new URL(resource).origin];
  switch (provider) {
    case "go1":
      return { ...providers.go1({ client_id, client_secret, token_endpoint }), origins };
    case "goto":
      return { ...providers.goto({ client_id, client_secret, token_endpoint }), origins };
    case "vault":
      return { ...providers.vault({ partnerId, token_endpoint }), origins };
    default: {
      const { clientAuth, revocation_endpoint, reuse } = session;
      const client = client_secret ? { client_id, client_secret } : { client_id };
      return { token_endpoint, revocation_endpoint, ...client, clientAuth, reuse, origins };
    }
  }
}
