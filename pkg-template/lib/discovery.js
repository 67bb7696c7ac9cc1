// @ts-check

/**
 * The endpoints of an issuer: RFC 8414 §3.1 inserts the well-known path before the issuer's own, OpenID Connect appends it.
 * What names another issuer is not used (RFC 8414 §3.3).
 * @param {typeof fetch} fetch @param {string} issuer @param {number} timeoutSeconds
 * @returns {Promise<{ token_endpoint: string, revocation_endpoint?: string }>}
 */
export async function discover(fetch, issuer, timeoutSeconds) {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const places = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  for (const place of places) {
    // nothing was spent yet, whatever goes wrong here
    const signal = AbortSignal.timeout(timeoutSeconds * 1000);
    const asked = fetch(place, { headers: { accept: "application/json" }, redirect: "manual", signal });
    const response = await asked.catch(() => null);
    const metadata = response?.ok ? await response.json().catch(() => null) : null;
    if (metadata?.issuer === issuer && typeof metadata.token_endpoint == "string") return metadata;
  }
  throw Object.assign(new Error("the issuer's metadata was not found, or names another issuer"), {
    isUnsent: true,
  });
}
