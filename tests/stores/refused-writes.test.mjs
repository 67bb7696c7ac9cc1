// A server that refuses to store (Redis out of memory, PostgreSQL with a full disk) and otherwise answers: what a refresh brought is in one
// process alone until it is stored, and no other process may send the spent refresh token meanwhile.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { test } from "node:test";
import { createRefresher } from "oauth-refresher";
import { startServer } from "../chaos/server.mjs";
import { clients, opener, storages } from "./clients.mjs";
import { startPostgres } from "./postgres-server.mjs";
import { startRedis } from "./redis-server.mjs";

const KINDS = {
  redis: {
    start: startRedis,
    client: "redis 6",
    refuse: (server) => server.command("config", "set", "maxmemory", "1"),
    accept: (server) => server.command("config", "set", "maxmemory", "0"),
  },
  postgres: {
    start: startPostgres,
    client: "a Pool of pg",
    refuse: (server) =>
      server.query("ALTER TABLE oauth_refresher ADD CONSTRAINT refused CHECK (generation < 0) NOT VALID"),
    accept: (server) => server.query("ALTER TABLE oauth_refresher DROP CONSTRAINT refused"),
  },
};

for (const [kind, { start, client, refuse, accept }] of Object.entries(KINDS))
  test(`${kind}: while a result cannot be stored no other process sends the spent token`, async () => {
    const [server, oauth] = await Promise.all([start(), startServer()]);
    const connections = opener(clients[kind][client], server.port);
    const [one, two] = (await connections.connections(2)).map((opened, i) =>
      createRefresher({
        token_endpoint: oauth.token_endpoint,
        client_id: "app",
        headers: { "x-worker": ["one", "two"][i] },
        storage: storages[kind](opened, "app:session"),
      }),
    );
    const failed = [];
    one.addEventListener("storage-failed", ({ detail }) => failed.push(detail));
    let ends = false;
    try {
      await one.setTokens(oauth.login());
      const asked = oauth.asked();
      oauth.hold();
      const first = one.getAccessToken();
      await asked;
      await refuse(server);
      oauth.release();
      await first;
      const asking = (async () => {
        while (!ends) {
          await two.getAccessToken({ timeoutSeconds: 3 }).catch(() => {});
          await paused(20);
        }
      })();
      while (failed.length < 6) await paused(5);
      await accept(server); // and the other, which asks all the time, is there first
      while (oauth.last.worker !== "two" && !oauth.ended) await paused(20);
      ends = true;
      await asking;
      assert.ok(failed.every(({ operation }) => operation === "save"));
      assert.deepEqual(oauth.counts, { ...oauth.counts, secondUses: 0 });
      assert.equal(oauth.last.worker, "two");
      assert.ok(await two.getAccessToken());
    } finally {
      ends = true;
      one.close();
      two.close();
      await connections.close();
      await Promise.all([server.close(), oauth.close()]);
    }
  });

const paused = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
