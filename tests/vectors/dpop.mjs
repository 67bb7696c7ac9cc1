// Test vectors of RFC 9449, RFC 7638 and RFC 8037 for the package's DPoP, with only WebCrypto: the file runs in Node,
// workerd and Chromium. `reproduce` returns one line for each vector that was not reproduced.

/** RFC 9449 sections 4.1, 5 and 7.1, in the order of the text. */
const PROOFS = [
  "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOSsX0x7NVY-FNyJK70nfbV37xRZT3Lg",
  "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjY1Mjk2fQ.pAqut2IRDm_De6PR93SYmGBPXpwrAk90e8cP2hjiaG5QsGSuKDYW7_X620BxqhvYC8ynrrvZLTk41mSRroapUA",
  "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA",
];

/** RFC 9449 section 7.1, and section 6.1 for the thumbprint. */
const ACCESS_TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const ATH = "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo";
const JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";

/** RFC 7638 section 3.1. */
const RSA = {
  jwk: {
    kty: "RSA",
    n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
    e: "AQAB",
  },
  thumbprint: "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
};

/** RFC 8037 appendices A.1 and A.3. */
const ED25519 = {
  jwk: {
    kty: "OKP",
    crv: "Ed25519",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  },
  thumbprint: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
};

const P256 = { name: "ECDSA", namedCurve: "P-256" };
const PKCS1 = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

export async function reproduce(dpop) {
  const failures = [];
  const expect = (name, given, wanted) =>
    given === wanted || failures.push(`${name}: ${given} and not ${wanted}`);
  const { subtle } = crypto;

  for (const [index, jwt] of PROOFS.entries())
    expect(
      `RFC 9449 proof ${index + 1}`,
      await isSigned(jwt, P256, { name: "ECDSA", hash: "SHA-256" }),
      true,
    );

  const ours = await subtle.generateKey(P256, false, ["sign", "verify"]);
  const theirs = await subtle.importKey("jwk", parts(PROOFS[0]).header.jwk, P256, true, ["verify"]);
  const named = dpop({ keyPair: { privateKey: ours.privateKey, publicKey: theirs } });
  expect("RFC 9449 jkt", await named.thumbprint(), JKT);

  // only the public key is published
  const anyRsa = await subtle.generateKey(
    { ...PKCS1, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    false,
    ["sign", "verify"],
  );
  const rsa = await subtle.importKey("jwk", RSA.jwk, PKCS1, true, ["verify"]);
  const rsaHandle = dpop({ keyPair: { privateKey: anyRsa.privateKey, publicKey: rsa } });
  expect("RFC 7638 thumbprint", await rsaHandle.thumbprint(), RSA.thumbprint);

  const { d, ...point } = ED25519.jwk;
  const ed = {
    privateKey: await subtle.importKey("jwk", { ...point, d }, { name: "Ed25519" }, false, ["sign"]),
    publicKey: await subtle.importKey("jwk", point, { name: "Ed25519" }, true, ["verify"]),
  };
  const edHandle = dpop({ keyPair: ed });
  expect("RFC 8037 thumbprint", await edHandle.thumbprint(), ED25519.thumbprint);

  const proved = [
    ["ES256", dpop({ keyPair: ours }), P256, { name: "ECDSA", hash: "SHA-256" }],
    ["RS256", dpop({ keyPair: anyRsa }), PKCS1, PKCS1],
    ["EdDSA", edHandle, { name: "Ed25519" }, { name: "Ed25519" }],
  ];
  for (const [alg, handle, algorithm, how] of proved) {
    const url = "https://RESOURCE.example.org:443/protectedresource?query#fragment";
    const proof = await handle.proof({
      url,
      method: "get",
      access_token: ACCESS_TOKEN,
      nonce: "eyJ7S_zG.eyJH0-Z.HX4w-7v",
    });
    const { header, claims } = parts(proof);
    expect(`${alg} signature`, await isSigned(proof, algorithm, how), true);
    expect(`${alg} header`, `${header.typ} ${header.alg}`, `dpop+jwt ${alg}`);
    expect(`${alg} key`, "d" in header.jwk, false);
    expect(`${alg} claims`, Object.keys(claims).join(), "jti,htm,htu,iat,nonce,ath");
    expect(
      `${alg} htm and htu`,
      `${claims.htm} ${claims.htu}`,
      "GET https://resource.example.org/protectedresource",
    );
    expect(`${alg} ath`, claims.ath, ATH);
    expect(`${alg} nonce`, claims.nonce, "eyJ7S_zG.eyJH0-Z.HX4w-7v");
  }
  return failures;
}

async function isSigned(jwt, algorithm, how) {
  const { header, text, signature } = parts(jwt);
  const key = await crypto.subtle.importKey("jwk", header.jwk, algorithm, true, ["verify"]);
  return crypto.subtle.verify(how, key, signature, text);
}

function parts(jwt) {
  const bytes = (part) =>
    Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
  const json = (part) => JSON.parse(new TextDecoder().decode(bytes(part)));
  const [header, claims, signature] = jwt.split(".");
  return {
    header: json(header),
    claims: json(claims),
    text: new TextEncoder().encode(`${header}.${claims}`),
    signature: bytes(signature),
  };
}
