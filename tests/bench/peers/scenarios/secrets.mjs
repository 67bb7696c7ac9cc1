// Secrets in errors, and servers that do not come to an end.

import { realNow, REFRESH_TOKEN_MARK, SECRET, strings } from "../stage.mjs";
import { brief, must, NotApplicable, secondsSince, settled } from "./judge.mjs";

const isSecret = (text) => text.includes(SECRET) || text.includes(REFRESH_TOKEN_MARK);

export const SECRETS = [
  {
    id: "redirect-refused",
    needs: [],
    title: "the token request",
    criterion: "it does not follow redirects, which would take the refresh token along",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage);
      await settled(session.get(), 8000);
      const redirect = stage.requests[0]?.redirect;
      must(/manual|error/.test(redirect), `redirect: ${redirect}`);
    },
  },
  {
    id: "echo-redacted",
    needs: [],
    title: "a 400 whose description quotes the refresh token",
    criterion: "no string of the error holds it",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage, { secret: client.can.includes("secret") });
      const body = ({ refreshToken }) => ({
        error: "invalid_request",
        error_description: `bad token ${refreshToken}`,
      });
      stage.otherwise = { status: 400, body };
      const outcome = await settled(session.get(), 12_000);
      must(outcome.error, brief(outcome));
      const found = strings(outcome.error).filter(isSecret);
      must(!found.length, `${found.length} strings hold it`);
    },
  },
  keepsSecrets("secrets-of-a-refusal", "400 invalid_grant to a client with a secret", {
    status: 400,
    body: { error: "invalid_grant", error_description: "revoked" },
  }),
  keepsSecrets("secrets-of-a-network-error", "a network error of a client with a secret", {
    unreachable: true,
  }),
  {
    id: "control-characters",
    needs: ["session"],
    title: "an access token with a line break, which no header can hold",
    criterion: "it is refused when it arrives, and the refresh token beside it is kept",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.replies = [{ tokens: { access_token: "a token\nwith a line break" } }];
      const outcome = await settled(session.get(), 12_000);
      must(outcome.error || /^[\x21-\x7e]+$/.test(outcome.value), "it is given to the caller");
      stage.otherwise = { tokens: {} };
      const next = await settled(session.refresh(), 12_000);
      must(next.value && stage.uses === 1, `then ${brief(next)}; sent ${stage.requests.length} times`);
      return brief(outcome);
    },
  },
  endsInTime("silent-server", "the token endpoint never answers (timeout of 1 s, where one can be set)", {
    silent: true,
  }),
  endsInTime("endless-body", "headers come, and the body never ends (the same)", { endless: true }),
  {
    id: "silent-server-then",
    needs: ["session"],
    title: "after a token endpoint that never answered",
    criterion: "the next call works",
    async play(client, stage) {
      const session = await client.open(stage, { timeoutSeconds: 1 });
      stage.otherwise = { silent: true };
      await settled(session.get(), 12_500);
      stage.otherwise = { tokens: {} };
      const outcome = await settled(session.refresh(), 12_500);
      must(outcome.value, brief(outcome));
    },
  },
  {
    id: "huge-reply",
    needs: [],
    title: "a token reply of 24 MB",
    criterion: "it is refused before half of it is read",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage, { timeoutSeconds: 5 });
      stage.replies = [{ huge: true }];
      const outcome = await settled(session.get(), 12_000);
      must(outcome.error && stage.megabytesRead < 12, `${brief(outcome)}, ${stage.megabytesRead} MB read`);
    },
  },
];

function keepsSecrets(id, title, reply) {
  return {
    id,
    needs: ["secret"],
    title,
    criterion: "no string of the error holds the client secret or the refresh token",
    async play(client, stage) {
      const session = await client.open(stage, { secret: true });
      stage.otherwise = reply;
      const outcome = await settled(session.get(), 12_000);
      must(outcome.error, brief(outcome));
      const found = strings(outcome.error).filter(isSecret);
      must(!found.length, `${found.length} strings hold one`);
    },
  };
}

function endsInTime(id, title, reply) {
  return {
    id,
    needs: [],
    title,
    criterion: "the call rejects within 12 s",
    async play(client, stage) {
      if (client.kind === "interceptor") throw new NotApplicable();
      const session = await client.open(stage, { timeoutSeconds: 1 });
      stage.otherwise = reply;
      const begun = realNow();
      const outcome = await settled(session.get(), 12_500);
      must(outcome.error, `${brief(outcome)}, ${secondsSince(begun)}`);
      return `${secondsSince(begun)}, ${stage.requests.length} requests`;
    },
  };
}
