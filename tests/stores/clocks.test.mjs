// A clock that is set: that of the server of the lock, and that of a process. What counts for a lock is the difference between the server's
// time and the time that it noted at the last heartbeat, so to set its clock forward by N is to set that note back by N.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { startServer } from "../chaos/server.mjs";
import { clients, opener, storages } from "./clients.mjs";
import { startPostgres } from "./postgres-server.mjs";
import { startRedis } from "./redis-server.mjs";

const LEASE_SECONDS = 120;
const KINDS = {
  redis: {
    start: startRedis,
    client: "redis 6",
    setClock: (server, key, seconds) => server.command("hincrby", key, "lock_at", String(-seconds)),
  },
  postgres: {
    start: startPostgres,
    client: "a Pool of pg",
    setClock: (server, key, seconds) =>
      server.query(
        "UPDATE oauth_refresher_lock SET expires_at = expires_at - $2 * interval '1 second' WHERE key = $1",
        [key, seconds],
      ),
  },
};

for (const [kind, { start, client, setClock }] of Object.entries(KINDS))
  describe(kind, () => {
    let server;
    let connections;
    let opened;
    before(async () => {
      server = await start();
      connections = opener(clients[kind][client], server.port);
      opened = await connections.connections(2);
      await storages[kind](opened[0], "first").lock(async () => {});
    });
    after(async () => {
      await connections.close();
      await server.close();
    });
    const pair = (key) => opened.map((one) => storages[kind](one, key));

    test("a clock of the server that is set by less than five leases takes no lock away", async () => {
      const [one, two] = pair("less");
      for (const seconds of [20, -20, 4 * LEASE_SECONDS, -4 * LEASE_SECONDS])
        await one.lock(async (grant) => {
          await setClock(server, "less", seconds);
          const waited = two.lock(() => assert.fail("it has no lock"), {
            signal: AbortSignal.timeout(700),
          });
          await assert.rejects(waited, { name: "TimeoutError" });
          assert.equal(await grant.isHeld(), true);
        });
    });

    test("a lock that a clock of the server took away passes on as a silent one, and its holder learns it", async () => {
      const [one, two] = pair("more");
      await one.lock(async (grant) => {
        await setClock(server, "more", 3600);
        assert.equal(await two.lock(async ({ passedOn }) => passedOn), "silent");
        assert.equal(await grant.isHeld(), false);
      });
    });

    for (const [seconds, lateMs] of [
      [20, 0],
      [-20, 0],
      [3600, 0],
      [-3600, 0],
      [3600, 600],
    ])
      test(`clocks that are set by ${seconds} s in a request cost no session and no second use, ${lateMs} ms after the server's`, async () => {
        const key = `clock ${seconds} ${lateMs}`;
        const oauth = await startServer();
        const refreshers = pair(key).map((storage, i) =>
          createRefresher({
            token_endpoint: oauth.token_endpoint,
            client_id: "app",
            headers: { "x-worker": String(i) },
            storage,
          }),
        );
        const { now } = Date;
        let ends = false;
        try {
          await refreshers[0].setTokens(oauth.login());
          const asked = oauth.asked();
          oauth.hold();
          const asking = refreshers.map(async (refresher) => {
            while (!ends) {
              await refresher.getAccessToken({ timeoutSeconds: 5 }).catch(() => {});
              await paused(20);
            }
          });
          await asked;
          await setClock(server, key, seconds);
          // by then the lock may have passed on
          if (lateMs) await paused(lateMs);
          Date.now = () => now() + 1000 * seconds;
          await paused(2500);
          oauth.release();
          for (const end = performance.now() + 20_000; oauth.counts.rotations < 3 && !oauth.ended;) {
            assert.ok(performance.now() < end, "the session goes on");
            await paused(20);
          }
          ends = true;
          await Promise.all(asking);
          assert.equal(oauth.counts.secondUses, 0);
          assert.ok(await refreshers[1].getAccessToken());
        } finally {
          ends = true;
          Date.now = now;
          refreshers.forEach((refresher) => refresher.close());
          await oauth.close();
        }
      });
  });

const paused = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
