// Replies in other forms, proofs of possession, and the identity in an id_token.

import { jwt, realNow } from "../stage.mjs";
import { brief, must, NotApplicable, settled } from "./judge.mjs";

export const REPLIES = [
  {
    id: "token-type-absent",
    needs: [],
    title: "a reply without token_type",
    criterion: "the token is taken as Bearer",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage);
      stage.otherwise = { tokens: { token_type: undefined } };
      const outcome = await settled(session.get(), 8000);
      must(outcome.value, brief(outcome));
    },
  },
  {
    id: "form-reply",
    needs: [],
    title: "a reply that is form-encoded",
    criterion: "it is read",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage);
      stage.otherwise = { form: true };
      const outcome = await settled(session.get(), 12_000);
      must(outcome.value === stage.current.access_token, brief(outcome));
    },
  },
  {
    id: "proto-member",
    needs: [],
    title: "a reply with a member `__proto__`",
    criterion: "no prototype is changed",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage);
      const reply = stage.reply.bind(stage);
      stage.reply = (status, body, headers) => {
        if (!body.access_token) return reply(status, body, headers);
        const text = JSON.stringify(body).replace("{", '{"__proto__":{"polluted":1},');
        return reply(status, text, { ...headers, "Content-Type": "application/json" });
      };
      const outcome = await settled(session.get(), 8000);
      must({}.polluted === undefined, "Object.prototype has a new member");
      must(session.stored()?.polluted === undefined, "the prototype of the token set was replaced");
      return brief(outcome);
    },
  },
  {
    id: "dpop-nonce",
    needs: ["dpop"],
    title: "use_dpop_nonce from the token endpoint (RFC 9449)",
    criterion: "one more request, with the nonce, and the caller gets the token",
    async play(client, stage) {
      const session = await client.open(stage, { dpop: true });
      const headers = { "DPoP-Nonce": "the-nonce", "Access-Control-Expose-Headers": "DPoP-Nonce" };
      stage.replies = [{ status: 400, body: { error: "use_dpop_nonce" }, headers }];
      stage.otherwise = { tokens: { token_type: "DPoP" } };
      const outcome = await settled(session.refresh(), 8000);
      const proof = stage.requests.at(-1)?.headers.get("dpop");
      const nonce = proof && claimsOf(proof).nonce;
      must(
        outcome.value && nonce === "the-nonce" && stage.requests.length === 2,
        `${stage.requests.length} requests, nonce ${nonce}; ${brief(outcome)}`,
      );
    },
  },
  {
    id: "identity-auth-time",
    needs: ["oidc"],
    title: "the id_token of a refresh has another auth_time (Azure AD B2C, Cognito)",
    criterion: "the session goes on",
    play: (client, stage) => identity(client, stage, { auth_time: 1_700_009_999 }, true),
  },
  {
    id: "identity-subject",
    needs: ["oidc"],
    title: "the id_token of a refresh is of another person (sub)",
    criterion: "its tokens are refused (OpenID Connect Core 12.2)",
    play: (client, stage) => identity(client, stage, { sub: "another" }, false),
  },
  {
    id: "identity-issuer",
    needs: ["oidc"],
    title: "the id_token of a refresh is of another issuer (iss)",
    criterion: "its tokens are refused (OpenID Connect Core 12.2)",
    play: (client, stage) => identity(client, stage, { iss: "https://other.example" }, false),
  },
];

/** The login's id_token and that of the refresh, which differs in some claims. */
async function identity(client, stage, different, isTaken) {
  const now = Math.floor(realNow() / 1000);
  const times = { iat: now, exp: now + 3600, auth_time: 1_700_000_000 };
  const claims = { iss: client.issuer ?? "https://as.example", sub: "user", aud: "app", ...times };
  const session = await client.open(stage, { idToken: jwt(claims), claims });
  stage.more = () => ({ id_token: jwt({ ...claims, ...different }) });
  const outcome = await settled(session.get(), 12_000);
  if (isTaken) must(outcome.value === stage.current.access_token, brief(outcome));
  else must(outcome.error, "its access token is handed out");
  return brief(outcome);
}

function claimsOf(token) {
  const [, payload] = token.split(".");
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
}
