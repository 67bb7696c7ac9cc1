// The main job: every session kept alive by the installed package against every server, several access tokens long.

import { setTimeout as delay } from "node:timers/promises";
import { sessionsOf, startDemoServers } from "./demo-servers.mjs";
import { optionsFor } from "./sessions.js";
import { bold, dim, green, say, table } from "./terminal.mjs";

const LIFE_SECONDS = 4;
const ROTATIONS = 3;
const CALLERS = 20;
const LIMIT_SECONDS = 45;

/** Prints what happens. The answer is a list of sentences about what was wrong: empty if all is well. */
export async function mainJob(installed) {
  const servers = await startDemoServers({
    oidc: LIFE_SECONDS,
    go1: LIFE_SECONDS,
    goto: LIFE_SECONDS,
    vault: LIFE_SECONDS,
  });
  const wrong = [];
  const limit = new AbortController();
  const sessions = sessionsOf(servers).map((entry) => livingSession(entry, installed, wrong));
  try {
    await Promise.race([
      acts(sessions, servers, wrong),
      delay(LIMIT_SECONDS * 1000, null, { signal: limit.signal }).then(() => {
        throw new Error(`the demo did not come to its end in ${LIMIT_SECONDS} seconds`);
      }),
    ]);
  } catch (error) {
    wrong.push(error.message);
  } finally {
    limit.abort();
    for (const session of sessions) session.close();
    await servers.close();
  }
  say(`\n${table(sessions.map((session) => session.row()))}`);
  wrong.push(...sessions.flatMap((session) => session.complaints()));
  if (servers.oidc.revokedFamilies.length)
    wrong.push("oidc-provider saw a refresh token twice and ended its session");
  return wrong;
}

async function acts(sessions, servers, wrong) {
  const each = (work) => Promise.all(sessions.map(work));

  say(bold(`\n1. Ahead of need: access tokens live ${LIFE_SECONDS} s, and are refreshed before they end`));
  await each((session) => session.logIn());
  await each((session) => session.rotations(ROTATIONS));

  say(bold(`\n2. On demand: no refresh ran in time, the token ran out, and ${CALLERS} callers come at once`));
  await each((session) => session.runOut());

  say(bold("\n3. GoTo, thirty days later: the refresh token that always came back is replaced"));
  const goto = sessions.find(({ name }) => name === "goto");
  servers.goto.passHours(30 * 24);
  await goto.refresh();
  if (!goto.lastRequest().rotated) wrong.push("GoTo's refresh token was not replaced at day 30");
}

const startedMs = Date.now();

function livingSession(entry, { createRefresher, storage, providers }, wrong) {
  const { session, server } = entry;
  const title = session.provider === "oidc" ? `${session.label} (${session.client})` : session.label;
  const tokens = storage.memoryStorage();
  const lastRequest = () => entry.requests().at(-1);
  let refresher;
  let accessTokens = 0;
  let rotations = 0;
  let calls401 = 0;

  /** A refresher of its own for each act, over the same storage: the program was started anew. */
  function open(background) {
    refresher?.close();
    refresher = createRefresher({
      ...optionsFor(session, providers),
      storage: tokens,
      background,
      fetch: async (input, init) => {
        const response = await fetch(input, init);
        if (response.status === 401 && String(input.url ?? input) === session.resource) calls401 += 1;
        return response;
      },
    });
    refresher.addEventListener("token-changed", ({ detail }) => changed(detail));
    for (const type of ["refresh-failed", "session-ended", "storage-failed"]) {
      refresher.addEventListener(type, ({ detail }) =>
        wrong.push(`${title}: ${type}: ${detail.error?.message ?? ""}`),
      );
    }
  }

  function changed({ tokens, source }) {
    if (source === "login" || source === "refresh") accessTokens += 1;
    if (source === "refresh") rotations += 1;
    const lives = tokens?.expires_at
      ? ` (lives ${(tokens.expires_at - Date.now() / 1000).toFixed(1)} s)`
      : "";
    const kept =
      source === "refresh" ? (lastRequest()?.rotated ? "a new refresh token" : "the same refresh token") : "";
    const time = ((Date.now() - startedMs) / 1000).toFixed(1).padStart(6);
    const what = `access token #${accessTokens}${lives}`;
    say(`${dim(`${time} s`)}  ${title.padEnd(21)}  ${green(source.padEnd(8))}  ${what}  ${dim(kept)}`);
  }

  return {
    name: session.name,
    lastRequest,

    async logIn() {
      open("always");
      await refresher.setTokens(await entry.login());
    },

    /** Until the refresher has refreshed by itself so many times. */
    async rotations(wanted) {
      while (rotations < wanted)
        await new Promise((changed) => refresher.addEventListener("token-changed", changed));
      refresher.close();
    },

    /** Waits for the end of the access token; then all callers are answered, after one token request and without a 401. */
    async runOut() {
      open("never");
      const { expires_at } = await refresher.getTokens({ minValiditySeconds: 0 });
      await delay(Math.max(0, expires_at * 1000 - Date.now()) + 100);
      const before = { requests: entry.requests().length, refused: server.resource.refused };
      const replies = await Promise.all(
        Array.from({ length: CALLERS }, () => refresher.fetch(session.resource)),
      );
      const answered = replies.filter((reply) => reply.status === 200).length;
      const requests = entry.requests().length - before.requests;
      if (answered < CALLERS)
        wrong.push(`${title}: ${CALLERS - answered} of ${CALLERS} calls were not answered with 200`);
      if (requests !== 1)
        wrong.push(`${title}: ${CALLERS} callers made ${requests} token requests; it should be one`);
      if (server.resource.refused > before.refused) wrong.push(`${title}: the API refused an access token`);
      say(
        `          ${title.padEnd(21)}  ${answered} of ${CALLERS} calls answered 200 after ${requests} token request`,
      );
    },

    refresh: () => refresher.refresh(),
    close: () => refresher?.close(),

    row: () => ({
      provider: title,
      rotations,
      "token requests": entry.log().tokenRequests,
      refused: entry.log().refused,
      "401s": calls401,
      violations: server.violations?.length ?? 0,
    }),

    complaints() {
      const { tokenRequests, refused } = entry.log();
      const violation = server.violations?.[0]?.error_description;
      return [
        tokenRequests !== rotations &&
          `${title}: ${rotations} rotations took ${tokenRequests} token requests`,
        refused && `${title}: the server refused ${refused} token requests`,
        calls401 && `${title}: ${calls401} calls of the API were answered 401`,
        violation && `${title}: a request was not as the document says: ${violation}`,
      ].filter(Boolean);
    },
  };
}
