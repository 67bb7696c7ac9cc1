// The client that the tests use at every provider. Its secrets contain characters that go wrong when they are encoded twice or not at
// all. A Basic header is encoded in two ways; where a row does not say which one, the secret is the same in both.

import { dpop } from "oauth-refresher/dpop";

const { privateKey, publicKey } = await crypto.subtle.generateKey(
  { name: "ECDSA", namedCurve: "P-256" },
  false,
  ["sign", "verify"],
);

/** The values of the slots of a row. */
export function clientFor({ request }) {
  return {
    id: "client-4f868a4339",
    secret: SECRETS[request.auth] ?? "p0st+s3cret/=&%25 é",
    api_key: "apikey+0123456789/=",
    es256: privateKey,
    publicKey,
    dpop: request.headers?.dpop && dpop(),
  };
}

const SECRETS = {
  basic: "b4sicSecret0123456789",
  "basic raw": "3naO10IA2agc+G+9I9TGEQ==",
  "basic secret": "sk_test_0123456789abcdef",
};
