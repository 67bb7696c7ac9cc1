// The page of dpop-engines.test.mjs, for any browser: the test vectors of proofs and client assertions, a key that survives a visit, a
// bound session with nonces.

import { createRefresher } from "oauth-refresher";
import { clientSecretJwt, mutualTls, privateKeyJwt } from "oauth-refresher/client-auth";
import { dpop } from "oauth-refresher/dpop";
import { indexedDbStorage } from "oauth-refresher/storage";
import { signature } from "/package/lib/jws.js";
import { reproduce as reproduceAssertions } from "/vectors/client-auth.mjs";
import { reproduce } from "/vectors/dpop.mjs";

const { server, api } = await (await fetch("/setting")).json();
const key = dpop({ keyStorage: "indexeddb", name: "bound" });
const refresher = createRefresher({
  ...server,
  dpop: key,
  storage: indexedDbStorage("bound"),
  background: "never",
});

if (!sessionStorage.before) {
  const jkt = await key.thumbprint();
  const other = dpop({ keyStorage: "indexeddb", name: "bound" });
  const failures = await reproduce(dpop);
  failures.push(...(await reproduceAssertions({ clientSecretJwt, privateKeyJwt, signature })));
  failures.push(...certificateIsRefused());
  if ((await other.thumbprint()) !== jkt) failures.push("two handles of one database have two keys");
  const { privateKey } = await key.keyPair();
  const exported = await crypto.subtle.exportKey("jwk", privateKey).catch(() => undefined);
  if (exported) failures.push("the private key was exported");
  await refresher.setTokens(await (await fetch(`/mint?jkt=${jkt}`)).json());
  await refresher.refresh();
  sessionStorage.before = JSON.stringify({ jkt, failures });
  location.reload();
} else {
  const { jkt, failures } = JSON.parse(sessionStorage.before);
  if ((await key.thumbprint()) !== jkt) failures.push("the next visit had another key");
  const { token_type } = await refresher.refresh();
  if (token_type !== "DPoP") failures.push(`token_type ${token_type}`);
  const first = await refresher.fetch(`${api}/a`);
  const second = await refresher.fetch(new Request(`${api}/a`, { method: "POST", body: "text" }));
  if (first.status !== 200 || (await second.json()).body !== "text")
    failures.push(`the API said ${first.status}`);
  await fetch("/results", { method: "POST", body: JSON.stringify(failures) });
}

/** F11: a page cannot present a certificate; with a `fetch` of the application mutualTls is accepted. */
function certificateIsRefused() {
  const options = { ...server, clientAuth: mutualTls() };
  try {
    createRefresher(options);
    return ["mutualTls() without a fetch was taken"];
  } catch (error) {
    createRefresher({ ...options, fetch: (...given) => fetch(...given) });
    return /`fetch`/.test(error.message) && error instanceof TypeError ? [] : [error.message];
  }
}
