// The slots of a row's texts: how a sent value is compared with them, and which values a reply has in their place.

import { createHash, createHmac, randomUUID, webcrypto } from "node:crypto";

/** Undefined if `value` matches `pattern`, else the difference. Never the value, which may be a secret. */
export async function flawOf(pattern, value, exchange) {
  const [, before, slot] = /^([^$]*)(?:\$(\w+))?$/.exec(pattern);
  if (value === undefined) return "is missing";
  if (!slot) return value === pattern ? undefined : "has another value";
  if (!value.startsWith(before)) return "starts otherwise";
  return (await SLOTS[slot](value.slice(before.length), exchange)) ? undefined : `is not ${slot}`;
}

/** Stores the credential in `exchange`; it is checked after the rest of the request. */
const credential = (value, exchange) => {
  exchange.credential = value;
  return value !== "";
};

const SLOTS = {
  refresh: credential,
  current: credential,
  id: (value, { client }) => value === client.id,
  secret: (value, { client, row }) =>
    row.given.privateKey ? isAppleSecret(value, client, row.given) : value === client.secret,
  api_key: (value, { client }) => value === client.api_key,
  uuid: (value, { seen }) => /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value) && isNew(seen, value),
  unix_milliseconds: (value) => /^\d+$/.test(value) && Math.abs(Number(value) - Date.now()) < 60_000,
  dpop: (value, { proofs, method, address }) => proofs.check(value, { method, url: address }),
  shopline: (value, { client, headers }) => value === hmac(client, headers.timestamp),
  tuya: (value, { client, headers, method, path }) =>
    value === hmac(client, `${client.id}${headers.t}${method}\n${EMPTY}\n\n${path}`).toUpperCase(),
};

const EMPTY = createHash("sha256").update("").digest("hex");
const hmac = ({ secret }, text) => createHmac("sha256", secret).update(text).digest("hex");
const isNew = (seen, value) => !seen.has(value) && seen.add(value);

async function isAppleSecret(jwt, { id, publicKey }, { team_id, key_id }) {
  const [header, claims, signature] = jwt.split(".");
  const read = (part) => JSON.parse(Buffer.from(part, "base64url"));
  const { iat, exp, ...who } = read(claims);
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const signed = Buffer.from(`${header}.${claims}`);
  return (
    JSON.stringify(read(header)) === JSON.stringify({ alg: "ES256", kid: key_id }) &&
    JSON.stringify(who) === JSON.stringify({ iss: team_id, aud: "https://appleid.apple.com", sub: id }) &&
    Math.abs(iat - Date.now() / 1000) < 60 &&
    exp > iat &&
    exp - iat <= 15_777_000 &&
    (await webcrypto.subtle.verify(algorithm, publicKey, Buffer.from(signature, "base64url"), signed))
  );
}

/** The reply of a row with its slots filled; without a refresh token the member is omitted. */
export function filled(shape, tokens, row, client) {
  if (Array.isArray(shape)) return shape.map((item) => filled(item, tokens, row, client));
  if (shape && typeof shape === "object")
    return Object.fromEntries(
      Object.entries(shape)
        .map(([name, value]) => [name, filled(value, tokens, row, client)])
        .filter(([, value]) => value !== undefined),
    );
  if (typeof shape !== "string" || shape[0] !== "$") return shape;
  const endsMs = Date.now() + row.expires * 1000;
  return {
    $access: tokens.access_token,
    $refresh: tokens.refresh_token,
    $other: `of-another-client-${randomUUID()}`,
    $expires_in: row.expires,
    $expires_in_text: String(row.expires),
    $expires_at: Math.floor(endsMs / 1000),
    $expires_at_milliseconds: endsMs,
    $iso8601: row.expires && new Date(endsMs).toISOString(),
    $jwt: idToken(client),
  }[shape];
}

function idToken({ id }) {
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: "https://issuer.example", sub: "user-1", aud: id, iat: now, exp: now + 3600 };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256", kid: "1" })}.${part(claims)}.${Buffer.from("signature").toString("base64url")}`;
}
