// What happens to the one refresh token that counts: rotation, lost replies, storages that fail.

import { REFRESH_TOKEN_MARK, sleep, strings } from "../stage.mjs";
import { brief, holds, must, settled } from "./judge.mjs";

export const ROTATION = [
  kept("refresh-token-omitted", "the reply has no refresh token", { refresh_token: undefined }),
  kept("refresh-token-empty", 'the reply has refresh_token ""', { refresh_token: "" }),
  {
    id: "refresh-token-rotated",
    needs: ["session"],
    title: "the reply has another refresh token",
    criterion: "it is stored, and sent next",
    async play(client, stage) {
      const session = await client.open(stage);
      await settled(session.get());
      const rotated = stage.current.refresh_token;
      must(holds(session, rotated), `stored: ${session.stored()?.refresh_token}`);
      const outcome = await settled(session.refresh());
      must(stage.sent.at(-1) === rotated, `the next request sent ${stage.sent.at(-1)}; ${brief(outcome)}`);
    },
  },
  {
    id: "save-fails-once",
    needs: ["session", "storage"],
    title: "the first write after a rotation fails",
    criterion: "the next refresh sends the new refresh token",
    play: (client, stage) => savesFail(client, stage, 1, 1),
  },
  {
    id: "disk-full",
    needs: ["session", "storage"],
    title: "every write fails from the first rotation on (a full disk)",
    criterion: "three refreshes in one process send three different refresh tokens",
    play: (client, stage) => savesFail(client, stage, Infinity, 2),
  },
  {
    id: "read-fails",
    needs: ["session", "storage"],
    title: "the storage cannot be read for a while",
    criterion: "the call settles, and calls work when it can be read again",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.failing.reads = 3;
      const first = await settled(session.get(), 8000);
      must(!first.hung, "no answer in 8 s");
      stage.failing.reads = 0;
      const next = await settled(session.get(), 8000);
      must(next.value === stage.current.access_token, `then ${brief(next)}`);
      return `${brief(first)}; then works`;
    },
  },
  {
    id: "record-damaged",
    needs: ["session", "storage"],
    title: "the stored record is cut off",
    criterion: "the call settles, and its error does not quote the record",
    async play(client, stage) {
      const session = await client.open(stage);
      const cut = `{"refresh_token":"${stage.current.refresh_token}","acc`;
      for (const key of stage.stored.keys()) stage.stored.set(key, cut);
      const outcome = await settled(session.get(), 8000);
      must(!outcome.hung, "no answer in 8 s");
      const leaks = outcome.error && strings(outcome.error).some((text) => text.includes(REFRESH_TOKEN_MARK));
      must(!leaks, brief(outcome));
      return brief(outcome);
    },
  },
  {
    id: "record-of-another-issuer",
    needs: ["session", "issuer"],
    title: "the application changed its provider, under the same storage key",
    criterion: "the old provider's refresh token is not sent to the new one",
    async play(client, stage) {
      await client.open(stage);
      const session = await client.open(stage, { issuer: "https://other.example" });
      const outcome = await settled(session.get(), 8000);
      const leaked = stage.requests.some(
        ({ url, refreshToken }) => url.includes("other.example") && refreshToken,
      );
      must(!leaked, `sent; ${brief(outcome)}`);
      return brief(outcome);
    },
  },
  {
    id: "reply-lost",
    needs: ["session"],
    title: "the reply is lost after the server rotated",
    criterion: "the spent refresh token is not sent again within the call",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.replies = [{ lost: true }];
      const outcome = await settled(session.get(), 12_000);
      must(stage.requests.length === 1, `sent ${stage.requests.length} times; ${brief(outcome)}`);
      return brief(outcome);
    },
  },
  {
    id: "reply-lost-with-grace",
    needs: ["session"],
    title: "the same, and the server has a grace period",
    criterion: "the session goes on, in this call or the next",
    async play(client, stage) {
      stage.hasGrace = true;
      const session = await client.open(stage, { reuse: { graceSeconds: 30 } });
      stage.replies = [{ lost: true }];
      const first = await settled(session.get(), 12_000);
      const next = first.value ? first : await settled(session.get(), 12_000);
      must(next.value === stage.current.access_token, `${brief(first)}; then ${brief(next)}`);
      return first.value ? "in the same call" : "in the next call";
    },
  },
  {
    id: "reply-lost-is-told",
    needs: ["session"],
    title: "a lost reply, and the server cannot be reached after it",
    criterion: "the error says that the outcome is unknown",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.replies = [{ lost: true }];
      stage.otherwise = { unreachable: true };
      const outcome = await settled(session.get(), 40_000);
      const { refreshTokenState, code } = outcome.error ?? {};
      must(refreshTokenState === "unknown" || /unknown/.test(code ?? ""), brief(outcome));
      return brief(outcome);
    },
  },
  {
    id: "sign-out-in-flight",
    needs: ["signout", "storage"],
    title: "a sign-out while a refresh is in flight",
    criterion: "nothing comes back into the storage",
    async play(client, stage) {
      const session = await client.open(stage);
      stage.delayMs = 80;
      const call = settled(session.get(), 8000);
      await sleep(30);
      await settled(session.signOut(), 8000);
      const outcome = await call;
      await sleep(150);
      const stored = session.stored();
      must(!stored?.refresh_token && !stored?.access_token, `stored again; the caller: ${brief(outcome)}`);
      return `the caller: ${brief(outcome)}`;
    },
  },
];

function kept(id, title, tokens) {
  return {
    id,
    needs: ["session"],
    title,
    criterion: "the old one is kept, and sent next",
    async play(client, stage) {
      const session = await client.open(stage);
      const held = stage.current.refresh_token;
      stage.replies = [{ tokens }];
      const outcome = await settled(session.get());
      must(
        holds(session, held),
        `stored: ${JSON.stringify(session.stored()?.refresh_token)}; ${brief(outcome)}`,
      );
      await settled(session.refresh());
      must(stage.sent.at(-1) === held, `the next request sent ${stage.sent.at(-1)}`);
    },
  };
}

/** `failures` writes fail from the first rotation on; then `refreshes` more follow. */
async function savesFail(client, stage, failures, refreshes) {
  const session = await client.open(stage);
  const { setItem } = stage.storage;
  let failed = 0;
  stage.storage.setItem = (key, value) => {
    if (stage.rotations > 0 && failed++ < failures)
      throw new DOMException("quota exceeded", "QuotaExceededError");
    return setItem(key, value);
  };
  const first = await settled(session.get(), 12_000);
  let next;
  for (let done = 0; done < refreshes; done++) next = await settled(session.refresh(), 12_000);
  const isLast =
    next.value === stage.current.access_token || (failures > 1 && stage.rotations === refreshes + 1);
  const sent = stage.sent.map((token) => token?.slice(0, 2)).join(", ");
  must(stage.uses === 1 && isLast, `sent ${sent}; first ${brief(first)}; then ${brief(next)}`);
  return `first ${brief(first)}; then ${brief(next)}`;
}
