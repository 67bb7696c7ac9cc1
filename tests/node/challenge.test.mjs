// Two readers of WWW-Authenticate: the core's, and the one of the DPoP sender and of mcpSession, which work without a core. They read the
// same challenges (RFC 9110 section 11.6.1).
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { errorsOf } from "../node_modules/oauth-refresher/dpop/challenge.js";
import { isScopeMissing } from "../node_modules/oauth-refresher/mcp/wire.js";

/** `[field, errors of Bearer, errors of DPoP]` */
const FIELDS = [
  ['Bearer error="invalid_token"', ["invalid_token"], []],
  ['Basic realm="x", error="insufficient_scope", Bearer error=invalid_token', ["invalid_token"], []],
  ['Bearer error="insufficient_scope", scope="a b"', ["insufficient_scope"], []],
  ['bearer realm="a, error=insufficient_scope" , ERROR = "invalid_token"', ["invalid_token"], []],
  ['Bearer realm="\\", error=\\"x", Own error="insufficient_scope"', [], []],
  ['DPoP error="use_dpop_nonce", Bearer error="invalid_token"', ["invalid_token"], ["use_dpop_nonce"]],
  ['Negotiate abc/+d==, DPoP algs="ES256", error=invalid_token, Bearer', [], ["invalid_token"]],
  ['Bearer x-error="insufficient_scope"', [], []],
  ["Bearer", [], []],
  ["", [], []],
];

test("an error belongs to the challenge in which it stands", () => {
  for (const [field, bearer, dpop] of FIELDS) {
    assert.deepEqual(errorsOf(field, "bearer"), bearer, field);
    assert.deepEqual(errorsOf(field, "dpop"), dpop, field);
  }
  assert.deepEqual(errorsOf(null, "bearer"), []);
});

test("mcpSession asks for more scope when a challenge of the token's scheme says so, and not when another does", () => {
  const missing = (field, status = 403) =>
    isScopeMissing(new Response(null, { status, headers: { "www-authenticate": field } }));
  for (const field of ['Bearer error="insufficient_scope"', 'Own a=b, DPoP error="insufficient_scope"'])
    assert.equal(missing(field), true, field);
  for (const field of [
    'Basic error="insufficient_scope"',
    'Bearer realm="error=insufficient_scope"',
    'Bearer error="invalid_token", Own error="insufficient_scope"',
  ])
    assert.equal(missing(field), false, field);
  assert.equal(missing('Bearer error="insufficient_scope"', 401), false);
  assert.equal(isScopeMissing(new Response(null, { status: 403 })), false);
});

test("the core refreshes for the same fields as the other reader", async () => {
  const schemes = ["Bearer", "dpop", "Own"];
  const errors = [
    ' error="invalid_token"',
    " error=insufficient_scope",
    ' a="b, error=x", Error = "use_dpop_nonce"',
  ];
  const challenges = schemes.flatMap((scheme) => errors.map((error) => scheme + error));
  for (const first of challenges)
    for (const next of ["", ...challenges]) {
      const field = first + (next && ` , ${next}`);
      const said = [...errorsOf(field, "bearer"), ...errorsOf(field, "dpop")];
      assert.equal(await isRefreshed(field), said.includes("invalid_token"), field);
    }
});

/** Whether a 401 with these challenges makes the core refresh. */
async function isRefreshed(field) {
  let refreshed = false;
  const refresher = createRefresher({
    token_endpoint: "https://as.example/token",
    client_id: "me",
    background: "never",
    origins: ["https://api.example"],
    tokens: {
      access_token: "access-token-Kd41-Wp07",
      refresh_token: "refresh-token-Zx93-Vb26",
      expires_in: 3600,
    },
    fetch: async (url) => {
      if (String(url).startsWith("https://api.example"))
        return new Response(null, { status: 401, headers: { "www-authenticate": field } });
      refreshed = true;
      return Response.json({ access_token: "access-token-Qr85-Mt12", expires_in: 3600 });
    },
  });
  await refresher.fetch("https://api.example/");
  refresher.close();
  return refreshed;
}
