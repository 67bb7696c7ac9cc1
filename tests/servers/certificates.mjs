// A small certificate authority for servers and clients on loopback: X.509 (RFC 5280) in DER, signed by ECDSA with SHA-256.
// Node can read certificates but not create them.

import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

const OID = {
  commonName: "2.5.4.3",
  basicConstraints: "2.5.29.19",
  subjectAltName: "2.5.29.17",
  ecdsaWithSha256: "1.2.840.10045.4.3.2",
};
const DAY_MS = 86_400_000;

/** `ca`: what to trust. `issue(name)`: a key and a certificate for 127.0.0.1, or for a client of that name, in PEM. */
export function certificateAuthority(name = "loopback authority") {
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const issue = (subject, { publicKey }, extensions) =>
    pem(certificate({ issuer: name, subject, publicKey, signer: own.privateKey, extensions }));
  const isAuthority = extension(OID.basicConstraints, sequence(boolean(true)), true);
  return {
    ca: issue(name, own, [isAuthority]),
    issue(subject) {
      const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const address = extension(OID.subjectAltName, sequence(der(0x87, Buffer.from([127, 0, 0, 1]))));
      return {
        key: pair.privateKey.export({ type: "pkcs8", format: "pem" }),
        cert: issue(subject, pair, [address]),
      };
    },
  };
}

/** RFC 5280 section 4.1. */
function certificate({ issuer, subject, publicKey, signer, extensions }) {
  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const serial = der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(15)]));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    serial,
    algorithm,
    commonName(issuer),
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    commonName(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  return sequence(toBeSigned, algorithm, bits(sign("sha256", toBeSigned, signer)));
}

const commonName = (text) => sequence(der(0x31, sequence(oid(OID.commonName), der(0x0c, Buffer.from(text)))));

const extension = (id, value, isCritical = false) =>
  sequence(oid(id), ...(isCritical ? [boolean(true)] : []), der(0x04, value));

const sequence = (...parts) => der(0x30, Buffer.concat(parts));
const boolean = (value) => der(0x01, Buffer.from([value ? 0xff : 0]));
const bits = (bytes) => der(0x03, Buffer.concat([Buffer.from([0]), bytes]));

/** UTCTime: YYMMDDHHMMSSZ. */
const time = (ms) => der(0x17, Buffer.from(`${new Date(ms).toISOString().replace(/\D/g, "").slice(2, 14)}Z`));

function oid(text) {
  const [first, second, ...others] = text.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of others) {
    const groups = [arc & 0x7f];
    for (let rest = arc >> 7; rest; rest >>= 7) groups.unshift((rest & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

/** X.690: tag, length, contents. */
function der(tag, contents) {
  const { length } = contents;
  const long =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...long]), contents]);
}

const pem = (bytes) =>
  `-----BEGIN CERTIFICATE-----\n${bytes
    .toString("base64")
    .replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
