// @ts-check
import { send } from "./ports/http.js";

/** @import { Tools } from "./wire.js" */

const ENDPOINTS = ["token_endpoint", "revocation_endpoint"];

/**
 * The issuer's metadata. The URL of RFC 8414 §3.1, with the well-known path before the issuer's own path, is requested first, then
 * OpenID Connect's, which appends it. Metadata with another `issuer` (§3.3), even by one slash, and endpoints without TLS are not used.
 * No refresh token is spent when this fails. A failure is not cached: the next attempt requests the metadata again.
 * @param {typeof fetch} fetch @param {string} issuer @param {Tools} tools @param {number} timeoutSeconds
 * @param {boolean} [insecure]
 * @returns {Promise<Record<string, any>>}
 */
export async function discover(fetch, issuer, tools, timeoutSeconds, insecure) {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  let found = pathname.includes("/.well-known/")
    ? "was not found: write issuer without /.well-known/ and what follows"
    : "was not found";
  let cause, other;
  for (const url of [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]) {
    const request = { method: "GET", url, headers: { accept: "application/json" } };
    const reply = await send(fetch, request, timeoutSeconds, tools);
    const metadata = read(reply);
    if ("reason" in reply) {
      cause = reply.error;
      found = `gave ${reply.reason}`;
    }
    if (!metadata) continue;
    for (const place of [metadata, metadata.mtls_endpoint_aliases ?? {}])
      for (const name of ENDPOINTS) if (!tools.isEndpoint(place[name], insecure)) delete place[name];
    if (metadata.issuer !== issuer) other = metadata.issuer ?? "none";
    else if (metadata.token_endpoint) return metadata;
    else found = "has no token_endpoint with https";
  }
  // Not retryable: the option or the server is wrong.
  if (other) throw new Error(`the issuer is ${issuer}, and its metadata names ${other}: write that`);
  throw Object.assign(new Error(`the metadata of ${issuer} ${found}`), { isUnsent: true, cause });
}

/** @param {Awaited<ReturnType<typeof send>>} reply @returns {any} */
function read(reply) {
  try {
    return "status" in reply && reply.status == 200 && JSON.parse(reply.body ?? "");
  } catch {}
}
