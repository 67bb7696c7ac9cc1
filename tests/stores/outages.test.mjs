// What comes of the lock and the record when a holder dies or the server does.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { startOidc } from "../servers/oidc.mjs";
import { clients, opener, storages } from "./clients.mjs";
import { startPostgres } from "./postgres-server.mjs";
import { startRedis } from "./redis-server.mjs";

const HOLDER = new URL("./holder.mjs", import.meta.url).pathname;
const LEASE_MS = 3000;

/** In the long one the lease has ended, and any other request than this one would be taken for lost. */
const OUTAGES = [
  { outage: "for a moment", awayMs: 1500, leaseSeconds: 12, timeoutSeconds: 8 },
  { outage: "for longer than the lease", awayMs: 13_000, leaseSeconds: 10, timeoutSeconds: 2 },
];

/** How a test reaches behind a storage: to give the lock to another owner, to see who owns it, and to make it fail alone. */
const behind = {
  redis: (server) => ({
    steal: (key) => server.command("hset", key, "lock", "another owner"),
    owner: (key) => server.command("hget", key, "lock"),
    free: (key) => server.command("hdel", key, "lock"),
    breakLock: () => server.command("acl", "setuser", "default", "-time"),
  }),
  postgres: (server) => ({
    steal: (key) =>
      server.query("UPDATE oauth_refresher_lock SET owner = 'another owner' WHERE key = $1", [key]),
    owner: async (key) =>
      (await server.query("SELECT owner FROM oauth_refresher_lock WHERE key = $1", [key]))[0]?.owner,
    free: () => server.query("DELETE FROM oauth_refresher_lock"),
    breakLock: () => server.query("ALTER TABLE oauth_refresher_lock RENAME COLUMN owner TO nobody"),
  }),
};

for (const [kind, client, start] of [
  ["redis", "redis 6", startRedis],
  ["redis", "ioredis 6", startRedis],
  ["postgres", "a Pool of pg", startPostgres],
])
  describe(`${kind}, ${client}`, { concurrency: 1 }, () => {
    let server;
    let connections;
    let storage;
    let other;
    const key = "app:session";
    const leaseSeconds = LEASE_MS / 1000;
    before(async () => {
      server = await start();
      connections = opener(clients[kind][client], server.port);
      [storage, other] = (await connections.connections(2)).map((opened) =>
        storages[kind](opened, key, { leaseSeconds }),
      );
      await storage.lock(async () => {}, within(5));
    });
    after(async () => {
      await connections.close();
      await server.close();
    });

    test("the lock of a process that was killed is free when its lease ends, and not before", async () => {
      const holder = spawn(process.execPath, [HOLDER, kind, client, server.port, key, leaseSeconds], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      await once(holder.stdout, "data");
      const waited = other.lock(never, within(1.3 * leaseSeconds)).catch(({ name }) => name);
      assert.equal(await waited.finally(() => holder.kill("SIGKILL")), "TimeoutError");
      const killedAt = performance.now();
      await storage.lock(async () => {}, within(10));
      const tookMs = performance.now() - killedAt;
      assert.ok(tookMs > 0.5 * LEASE_MS && tookMs < LEASE_MS + 3000, `${tookMs} ms`);
    });

    test("a holder that lost the lock learns it, and does not release another's", async () => {
      await storage.lock(async (grant) => {
        assert.equal(await grant.isHeld(), true);
        await behind[kind](server).steal(key);
        assert.equal(await grant.isHeld(), false);
        await paused(LEASE_MS / 4); // two heartbeats
      }, within(5));
      assert.equal(await behind[kind](server).owner(key), "another owner");
      await behind[kind](server).free(key);
    });

    test("what became of the holder before is said, and a clock that is set changes nothing", async () => {
      assert.equal(await storage.lock(async ({ passedOn }) => passedOn, within(5)), "released");
      const { now } = Date;
      let calls = 0;
      Date.now = () => now() + (calls++ % 2 ? 3_600_000 : -3_600_000);
      try {
        await storage.lock(async () => {
          const waited = other.lock(never, within(1.5 * leaseSeconds));
          await assert.rejects(waited, { name: "TimeoutError" });
        }, within(5));
      } finally {
        Date.now = now;
      }
      await storage.lock(() => behind[kind](server).steal(key), within(5));
      assert.equal(await other.lock(async ({ passedOn }) => passedOn, within(20)), "silent");
    });

    test("a refresh that takes longer than the lease is one request", async () => {
      const oidc = await startOidc();
      const slow = async (...given) => {
        await paused(2 * LEASE_MS);
        return fetch(...given);
      };
      const { client_id } = oidc.clients.none;
      const refreshers = [storage, other].map((its) =>
        createRefresher({ token_endpoint: oidc.token_endpoint, client_id, storage: its, fetch: slow }),
      );
      try {
        await refreshers[0].setTokens(await oidc.mint("none"));
        const [one, two] = await Promise.all(refreshers.map((one) => one.refresh()));
        assert.ok(oidc.requests.length === 1 || one.access_token !== two.access_token);
        assert.ok(oidc.requests.every(({ outcome }) => outcome === "granted"));
        assert.equal(oidc.revokedFamilies.length, 0);
        await refreshers[0].signOut();
      } finally {
        refreshers.forEach((refresher) => refresher.close());
        await oidc.close();
      }
    });

    test("a crash of the server keeps the record and the lock, and everything goes on when it is back", async () => {
      const [first, second] = [record(1), record(2)];
      assert.equal(await storage.save(first, null), true);
      let inside = false;
      const held = storage.lock(async () => {
        inside = true;
        await server.stop();
        await server.start();
        while (!(await storage.load().catch(() => {}))) await paused(50);
        await paused(300);
        inside = false;
      }, within(20));
      while (!inside) await paused(5);
      // what is asked meanwhile may fail; the lock is not had twice
      for (let had = false; !had;)
        had = await other
          .lock(async () => {
            assert.equal(inside, false);
            return true;
          }, within(20))
          .catch(() => paused(50));
      await held;
      assert.deepEqual(await other.load(), first);
      assert.equal(await other.save(second, 1), true);
      assert.deepEqual(await storage.load(), second);
      assert.equal(await storage.save(null, 2), true);
    });

    for (const { outage, awayMs, ...times } of OUTAGES)
      test(`a reply that comes while the server is away ${outage} is saved when it is back, before the refresh token is sent again`, async () => {
        const oidc = await startOidc({ accessTokenSeconds: 2 });
        const { client_id } = oidc.clients.none;
        let back;
        const unlucky = async (...given) => {
          const reply = await fetch(...given);
          if (back) return reply;
          await server.stop();
          back = paused(awayMs).then(() => server.start());
          return reply;
        };
        const [one, two] = (await connections.connections(2)).map((opened, i) =>
          createRefresher({
            token_endpoint: oidc.token_endpoint,
            client_id,
            storage: storages[kind](opened, key, { leaseSeconds: times.leaseSeconds }),
            fetch: i === 0 ? unlucky : fetch,
            timeoutSeconds: times.timeoutSeconds,
          }),
        );
        try {
          await one.setTokens(await oidc.mint("none"));
          await paused(2000);
          const asking = [one.getAccessToken().catch(() => {})];
          while (!back) await paused(5);
          // both ask all the time, until the token has run out and been renewed once more
          const end = performance.now() + awayMs + 25_000;
          for (const refresher of [one, two])
            asking.push(
              (async () => {
                while (oidc.requests.length < 3 && performance.now() < end) {
                  await refresher.getAccessToken({ timeoutSeconds: 3 }).catch(() => {});
                  await paused(50);
                }
              })(),
            );
          await Promise.all([...asking, back]);
          assert.deepEqual([...new Set(oidc.requests.map(({ outcome }) => outcome))], ["granted"]);
          assert.equal(oidc.revokedFamilies.length, 0);
          assert.ok(await two.getAccessToken());
          await two.signOut();
        } finally {
          await back;
          one.close();
          two.close();
          await oidc.close();
        }
      });

    test("a lock that fails alone is an error for the caller and an event, and no request is sent", async () => {
      const oidc = await startOidc();
      const refresher = createRefresher({
        token_endpoint: oidc.token_endpoint,
        client_id: oidc.clients.none.client_id,
        storage,
      });
      const failed = [];
      refresher.addEventListener("storage-failed", ({ detail }) => failed.push(detail));
      try {
        const { refresh_token } = await oidc.mint("none");
        const stored = { format: 1, generation: 1, tokens: { refresh_token }, obtained_at: 1 };
        assert.equal(await storage.save(stored, null), true);
        await behind[kind](server).breakLock(key);
        await assert.rejects(refresher.getAccessToken({ timeoutSeconds: 10 }), { code: "storage_failed" });
        assert.equal(failed[0]?.operation, "lock");
        assert.match(
          failed[0].error.message,
          kind === "redis" ? /^redisStorage.*can't run this command/ : /^postgresStorage: .*owner/,
        );
        assert.equal(oidc.requests.length, 0);
      } finally {
        refresher.close();
        await oidc.close();
      }
    });

    test("while the server is away the lock fails in bounded time, and so does what waits for it", async () => {
      await server.stop();
      const begun = performance.now();
      await assert.rejects(storage.lock(never, within(30)), (error) => error.name !== "TimeoutError");
      assert.ok(performance.now() - begun < 8000);
      await server.start();
    });
  });

const never = () => assert.fail("it has no lock");
const within = (seconds) => ({ signal: AbortSignal.timeout(Math.round(seconds * 1000)) });
const paused = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function record(generation) {
  const refresh_token = `refresh-${generation}-${Math.random().toString(36).repeat(2)}`;
  return { format: 1, generation, tokens: { refresh_token }, obtained_at: 1 };
}
