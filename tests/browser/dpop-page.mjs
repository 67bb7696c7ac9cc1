// What dpop-engines.test.mjs has a page do, in any browser: vectors, a key that survives a visit, a bound session with nonces.

import { createRefresher } from "oauth-refresher";
import { dpop } from "oauth-refresher/dpop";
import { indexedDbStorage } from "oauth-refresher/storage";
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
