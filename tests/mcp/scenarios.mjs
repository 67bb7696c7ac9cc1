// The rows of the table: what happens to one client, or to several processes of one user. Each says what mcpSession must come to, at most.

import { setTimeout as sleep } from "node:timers/promises";
import { busy, lost, slow, startAuthorization, tooMany } from "./servers/authorization.mjs";
import { startOidcProvider } from "./servers/oidc-provider.mjs";
import { startMcp } from "./servers/mcp.mjs";

const stop = ({ pid }) => process.kill(pid, "SIGSTOP");
const resume = ({ pid }) => process.kill(pid, "SIGCONT");
const start = (processes) => processes.forEach(({ child }) => child.send("go"));
const ended = (processes) => Promise.all(processes.map(({ done }) => done));

/** The process that the next refresh comes from, when the server has granted it and not answered yet. */
const refreshing = (rig, answerMs) =>
  new Promise((resolve) => {
    rig.authorization.onRefresh = (req) => {
      rig.authorization.onRefresh = undefined;
      rig.authorization.faults.push(slow(answerMs));
      resolve(rig.processes[Number(req.headers["x-process"])]);
    };
  });

/** `most`: failed calls, logins and second uses that mcpSession may have. */
export const scenarios = [
  {
    name: "5 calls at once with an expired token, four times",
    most: { failed: 0, logins: 0, secondUses: 0 },
    run: async (rig) => {
      await rig.loggedIn();
      await rig.run(1, { atOnce: 5, everyMs: 3200, seconds: 12 });
    },
  },
  {
    name: "4 processes, 20 s",
    most: { failed: 0, logins: 0, secondUses: 0 },
    run: async (rig) => {
      await rig.loggedIn();
      await rig.run(4, { seconds: 20 });
    },
  },
  {
    name: "the server answers 503, then 429 with HTML",
    most: { logins: 0, secondUses: 0 },
    run: async (rig) => {
      await rig.loggedIn();
      const [one] = await rig.prepare(1, { seconds: 20 });
      rig.authorization.faults = [busy, busy, tooMany, tooMany];
      start([one]);
      await one.done;
    },
  },
  {
    name: "4 processes stopped for 6 s (SIGSTOP), twice",
    most: { failed: 0, logins: 0, secondUses: 0 },
    run: async (rig) => {
      await rig.loggedIn();
      const four = await rig.prepare(4, { seconds: 24 });
      start(four);
      for (const beforeMs of [4000, 4000]) {
        await sleep(beforeMs);
        four.forEach(stop);
        await sleep(6000);
        four.forEach(resume);
      }
      await ended(four);
    },
  },
  {
    name: "the reply to a refresh is lost, server with a grace period",
    most: { failed: 0, logins: 0 },
    authorization: { graceSeconds: 30 },
    isShort: true,
    run: async (rig) => {
      await rig.loggedIn();
      const [one] = await rig.prepare(1, { seconds: 10, reuse: { graceSeconds: 30 } });
      rig.authorization.faults = [lost];
      start([one]);
      await one.done;
    },
  },
  {
    name: "one of 3 processes stopped for 40 s in its refresh",
    note: "one call of each other process exceeds its time limit of 30 s",
    most: { failed: 2, logins: 0, secondUses: 0 },
    run: async (rig) => {
      await rig.loggedIn();
      const three = await rig.prepare(3, { seconds: 60, everyMs: 1000, hasLoginLock: true });
      const caught = refreshing(rig, 500);
      start(three);
      const victim = await caught;
      stop(victim);
      await sleep(40_000);
      resume(victim);
      await ended(three);
    },
  },
  {
    name: "one of 4 processes killed in its refresh, server without a grace period",
    most: { logins: 1, secondUses: 1 },
    run: async (rig) => {
      await rig.loggedIn();
      const four = await rig.prepare(4, { seconds: 30, everyMs: 500, hasLoginLock: true });
      const caught = refreshing(rig, 300);
      start(four);
      (await caught).child.kill("SIGKILL");
      await ended(four);
    },
  },
  {
    name: "one of 4 processes killed in its refresh, server with a grace period",
    most: { failed: 0, logins: 0, secondUses: 1 },
    authorization: { graceSeconds: 30 },
    run: async (rig) => {
      await rig.loggedIn();
      const four = await rig.prepare(4, { seconds: 15, everyMs: 500, reuse: { graceSeconds: 30 } });
      const caught = refreshing(rig, 300);
      start(four);
      (await caught).child.kill("SIGKILL");
      await ended(four);
    },
  },
  {
    name: "4 first starts at once",
    most: { failed: 0, logins: 1, secondUses: 0 },
    isShort: true,
    run: (rig) => rig.run(4, { seconds: 10, hasLoginLock: true }),
  },
  {
    name: "4 processes, access tokens revoked early",
    most: { failed: 0, logins: 0, secondUses: 0 },
    authorization: { accessSeconds: 3600 },
    isShort: true,
    run: async (rig) => {
      await rig.loggedIn();
      const four = await rig.prepare(4, { seconds: 6 });
      start(four);
      for (let i = 0; i < 2; i++) {
        await sleep(2000);
        rig.authorization.rejectAccessTokens();
      }
      await ended(four);
    },
  },
  {
    name: "two servers in one folder, 2 processes each",
    most: { failed: 0, logins: 0, secondUses: 0 },
    run: async (rig) => {
      const second = await startMcp({ authorization: rig.authorization });
      try {
        const other = { url: second.url, server: 1 };
        await rig.loggedIn();
        await rig.loggedIn(other);
        const four = [
          ...(await rig.prepare(2, { seconds: 10 })),
          ...(await rig.prepare(2, { seconds: 10, ...other })),
        ];
        start(four);
        await ended(four);
      } finally {
        await second.close();
      }
    },
  },
  {
    name: "the server names another authorization server",
    note: "one login at the new server is expected; the last figure counts refresh tokens that the wrong server received",
    most: { logins: 1, secondUses: 0 },
    run: async (rig) => {
      await rig.loggedIn();
      const other = await startAuthorization();
      try {
        const [one] = await rig.prepare(1, { seconds: 8, isForgetful: true });
        rig.mcp.authorization = other;
        start([one]);
        await one.done;
        rig.authorization.counts.secondUses += other.counts.unknown;
      } finally {
        await other.close();
      }
    },
  },
  {
    name: "step-up: every fifth call wants more scope",
    note: "one login with more scope is expected",
    most: { failed: 1, logins: 1, secondUses: 0 },
    run: async (rig) => {
      await rig.loggedIn();
      await rig.run(1, { seconds: 8, everyTool: 5 });
    },
  },
  {
    name: "DPoP with nonces, 4 processes, 10 s",
    most: { failed: 0, logins: 0, secondUses: 0 },
    isWithout: ({ sdk, isOurs }) => sdk === "v1" && !isOurs,
    authorization: { bound: true, nonces: true },
    run: async (rig) => {
      const key = await rig.writeKey();
      await rig.loggedIn({ key });
      await rig.run(4, { seconds: 10, key });
    },
  },
  {
    name: "oidc-provider as the authorization server, 4 processes, 10 s",
    most: { failed: 0, logins: 0, secondUses: 0 },
    started: startOidcProvider,
    run: async (rig) => {
      await rig.loggedIn();
      await rig.run(4, { seconds: 10 });
    },
  },
];
