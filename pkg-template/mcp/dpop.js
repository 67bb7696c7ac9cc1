// @ts-check
/** @import { DPoP } from "../index.js" */
/** @import { McpProvider } from "./index.js" */

/**
 * A `fetch` that adds a DPoP proof to the code exchange (RFC 9449 §5), which SDK 1 does not. Retries once if the server requires a nonce (§8).
 * @param {DPoP} dpop @param {typeof globalThis.fetch} fetch @returns {typeof globalThis.fetch}
 */
export const provesLogin = (dpop, fetch) => async (input, init) => {
  const { body, method } = init ?? {};
  if (!(body instanceof URLSearchParams) || !body.has("grant_type")) return fetch(input, init);
  const url = String(input);

  const exchange = async (/** @type {string | undefined} */ nonce) => {
    const headers = new Headers(init?.headers);
    headers.set("dpop", await dpop.proof({ url, method: method ?? "POST", nonce }));
    return fetch(input, { ...init, headers });
  };

  const response = await exchange(undefined);
  const nonce = response.headers.get("dpop-nonce");
  if (response.status != 400 || !nonce || !/use_dpop_nonce/.test(await response.clone().text()))
    return response;
  response.body?.cancel().catch(() => {});
  return exchange(nonce);
};

/** The key of a provider with SDK 2's DPoP. @param {McpProvider} provider */
export async function sessionDpop(provider) {
  const own = await provider.dpop?.();
  if (!own) return;
  const { privateKey, publicKey } = own.keyPair ?? {};
  if (!privateKey || !publicKey)
    throw new TypeError(
      "mcpSession: provider.dpop() shows no key pair: write the option dpop: dpop({ keyPair })",
    );
  const { dpop } = await import("../dpop/index.js");
  return dpop({ keyPair: { privateKey, publicKey } });
}
