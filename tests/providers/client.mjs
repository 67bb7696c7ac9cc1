// Who the application is at every provider. Secrets hold what goes wrong when they are encoded twice, or not at all; but Basic
// headers are written in two ways, and where a row does not say which, the secret is the same in both.

import { dpop } from "oauth-refresher/dpop";

const { privateKey, publicKey } = await crypto.subtle.generateKey(
  { name: "ECDSA", namedCurve: "P-256" },
  false,
  ["sign", "verify"],
);

/** The values of one test's slots. */
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

/** What a row's user gives to the preset. */
export const given = (row, client) =>
  Object.fromEntries(
    Object.entries(row.given).map(([name, value]) => [
      name,
      value[0] === "$" ? client[value.slice(1)] : value,
    ]),
  );
