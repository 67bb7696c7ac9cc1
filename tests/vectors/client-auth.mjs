// Test vectors of RFC 7515, RFC 8037 and the draft that updates RFC 7523 for the package's client assertions, with only
// WebCrypto: the file runs in Node, workerd and Chromium. `reproduce` returns one line for each vector that was not reproduced.
// `signature` is the package's function, from lib/jws.js.

/** RFC 7515 appendix A.1: an HMAC with SHA-256. */
const HS256 = {
  k: "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow",
  text: "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
  signature: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
};

/** RFC 8037 appendices A.1 and A.4: Ed25519, whose signatures are deterministic. */
const EDDSA = {
  jwk: {
    kty: "OKP",
    crv: "Ed25519",
    d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
  },
  text: "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
  signature: "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
};

/** The example of draft-ietf-oauth-rfc7523bis. */
const EXAMPLE = {
  header: { typ: "client-authentication+jwt", alg: "ES256", kid: "16" },
  claims: {
    aud: "https://authz.example.net",
    iss: "https://client.example",
    sub: "https://client.example",
    iat: 1752702206,
    exp: 1752705806,
  },
};

const rsa = (name) => ({
  name,
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
});
const ALGORITHMS = {
  ES256: [
    { name: "ECDSA", namedCurve: "P-256" },
    { name: "ECDSA", hash: "SHA-256" },
  ],
  ES384: [
    { name: "ECDSA", namedCurve: "P-384" },
    { name: "ECDSA", hash: "SHA-384" },
  ],
  ES512: [
    { name: "ECDSA", namedCurve: "P-521" },
    { name: "ECDSA", hash: "SHA-512" },
  ],
  RS256: [rsa("RSASSA-PKCS1-v1_5"), { name: "RSASSA-PKCS1-v1_5" }],
  PS256: [rsa("RSA-PSS"), { name: "RSA-PSS", saltLength: 32 }],
  EdDSA: [{ name: "Ed25519" }, { name: "Ed25519" }],
};

export async function reproduce({ clientSecretJwt, privateKeyJwt, signature }) {
  const failures = [];
  const expect = (name, given, wanted) =>
    given === wanted || failures.push(`${name}: ${given} and not ${wanted}`);
  const { subtle } = crypto;

  const mac = { name: "HMAC", hash: "SHA-256" };
  const macKey = await subtle.importKey("raw", bytesOf(HS256.k), mac, false, ["sign"]);
  expect("RFC 7515 A.1", await signature("HMAC", macKey, HS256.text), HS256.signature);
  const ed = await subtle.importKey("jwk", EDDSA.jwk, { name: "Ed25519" }, false, ["sign"]);
  expect("RFC 8037 A.4", await signature({ name: "Ed25519" }, ed, EDDSA.text), EDDSA.signature);

  for (const [alg, [algorithm, how]] of Object.entries(ALGORITHMS)) {
    const { privateKey, publicKey } = await subtle.generateKey(algorithm, false, ["sign", "verify"]);
    const parts = await asserted(privateKeyJwt(privateKey, { kid: "16", lifetimeSeconds: 3600 }));
    expect(`${alg} signature`, await subtle.verify(how, publicKey, parts.signature, parts.text), true);
    expect(`${alg} header`, JSON.stringify(parts.header), JSON.stringify({ ...EXAMPLE.header, alg }));
    expectExample(alg, parts.claims);
  }

  const secret = "s3cr3t: ünïcode + / = of at least 32 bytes";
  const parts = await asserted(clientSecretJwt(secret, { kid: "16", lifetimeSeconds: 3600 }));
  const secretKey = await subtle.importKey("raw", new TextEncoder().encode(secret), mac, false, ["verify"]);
  expect("HS256 signature", await subtle.verify("HMAC", secretKey, parts.signature, parts.text), true);
  expectExample("HS256", parts.claims);
  return failures;

  function expectExample(alg, { jti, ...claims }) {
    for (const [name, value] of Object.entries(EXAMPLE.claims)) expect(`${alg} ${name}`, claims[name], value);
    expect(`${alg} claims`, Object.keys(claims).sort().join(), Object.keys(EXAMPLE.claims).sort().join());
    expect(`${alg} jti of 128 bits`, bytesOf(jti).length, 16);
  }
}

/** The assertion at the time of the example. */
async function asserted(clientAuth) {
  const parameters = new URLSearchParams();
  const { now } = Date;
  Date.now = () => EXAMPLE.claims.iat * 1000;
  try {
    await clientAuth({
      url: "https://authz.example.net/token",
      headers: new Headers(),
      parameters,
      client_id: EXAMPLE.claims.sub,
      issuer: EXAMPLE.claims.aud,
    });
  } finally {
    Date.now = now;
  }
  const [header, claims, signed] = parameters.get("client_assertion").split(".");
  const json = (part) => JSON.parse(new TextDecoder().decode(bytesOf(part)));
  return {
    header: json(header),
    claims: json(claims),
    text: new TextEncoder().encode(`${header}.${claims}`),
    signature: bytesOf(signed),
  };
}

const bytesOf = (part) =>
  Uint8Array.from(atob(part.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
