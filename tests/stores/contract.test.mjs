// What TokenStorage promises, of every client of real Redis and PostgreSQL servers, alone and under contention.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { inspect } from "node:util";
import { heard } from "../leaks/search.mjs";
import { isItsOwners } from "../node/owned.mjs";
import {
  clusterClients,
  opener,
  pglite,
  pooledClients,
  postgresClients,
  redisClients,
  storages,
} from "./clients.mjs";
import { startBouncer } from "./pgbouncer-server.mjs";
import { startPostgres } from "./postgres-server.mjs";
import { startRedis } from "./redis-server.mjs";

const LONG = !!process.env.OAUTH_REFRESHER_LONG;
const CONTENTION_MS = LONG ? 10_000 : 700;
const CONNECTIONS = 8;

// a server in this process, which takes a while to come up and answers one after the other
if (LONG) postgresClients.PGlite = pglite();

const servers = [
  { kind: "redis", start: () => startRedis(), clients: redisClients },
  { kind: "redis", start: () => startRedis({ cluster: true }), clients: clusterClients },
  { kind: "postgres", start: () => startPostgres(), clients: postgresClients },
  { kind: "postgres", start: () => startBouncer(), clients: pooledClients },
];

for (const { kind, start, clients } of servers)
  describe(`${kind}, ${Object.keys(clients)[0]} and others`, { concurrency: true }, () => {
    let server;
    before(async () => (server = await start()));
    after(() => server.close());

    for (const [name, open] of Object.entries(clients))
      describe(name, { concurrency: 1 }, () => {
        const key = `${name} session`;
        let connections;
        let clients;
        before(async () => {
          connections = opener(open, server.port);
          clients = await connections.connections(CONNECTIONS);
        });
        after(() => connections.close());
        const several = (suffix = "", options = {}) =>
          clients.map((client) => storages[kind](client, key + suffix, options));

        test("what is saved is loaded, another generation is refused, and null forgets", async () => {
          const [storage, other] = several();
          assert.equal(await storage.load(), null);
          assert.equal(await storage.save(record(2), 1), false);
          assert.equal(await storage.save(null, 1), false);
          const first = record(1);
          assert.equal(await storage.save(first, null), true);
          assert.deepEqual(await other.load(), first);
          for (const expected of [null, 0, 2]) {
            assert.equal(await other.save(record(9), expected), false);
            assert.equal(await other.save(null, expected), false);
          }
          assert.deepEqual(await storage.load(), first);
          assert.equal(await other.save(record(2), 1), true);
          assert.equal(await storage.save(null, 1), false);
          assert.equal(await storage.save(null, 2), true);
          assert.equal(await other.load(), null);
          assert.equal(await other.save(null, null), true);
        });

        test("a session of another server or client is not used and a login replaces it", () =>
          isItsOwners(several(" owned")[0]));

        test("a record comes back as it was, whatever is in it", async () => {
          const [storage] = several(" odd");
          const odd = record(2 ** 53 - 1);
          odd.tokens.principal = `${"ü\u0000\ud800'\"$1:?\\{}".repeat(9)}${"long".repeat(20_000)}`;
          odd.tokens.nested = JSON.parse(`${"[".repeat(300)}${"]".repeat(300)}`);
          odd.tokens.number = 1e-7;
          assert.equal(await storage.save(odd, null), true);
          assert.deepEqual(await storage.load(), odd);
          assert.equal(await storage.save(null, 2 ** 53 - 1), true);
        });

        test("of several that save at once, one wins each generation", async () => {
          const some = several(" contention");
          const wins = new Map();
          const end = Date.now() + CONTENTION_MS;
          await Promise.all(
            some.map(async (storage) => {
              while (Date.now() < end || wins.size < 6) {
                const expected = (await storage.load())?.generation ?? null;
                const next = record((expected ?? 0) + 1);
                if (await storage.save(next, expected))
                  wins.set(next.generation, (wins.get(next.generation) ?? 0) + 1);
              }
            }),
          );
          const { generation } = await some[0].load();
          assert.equal(wins.size, generation);
          assert.deepEqual([...new Set(wins.values())], [1]);
          const forgotten = await Promise.all(some.map((storage) => storage.save(null, generation)));
          assert.equal(forgotten.filter(Boolean).length, 1);
          const logins = await Promise.all(some.map((storage) => storage.save(record(1), null)));
          assert.equal(logins.filter(Boolean).length, 1);
        });

        test("of several that want the lock, one has it", async () => {
          let inside = 0;
          let held = 0;
          const end = Date.now() + CONTENTION_MS;
          const hold = async () => {
            assert.equal(++inside, 1);
            await paused(Math.random() * 8);
            assert.equal(inside--, 1);
            return ++held;
          };
          await Promise.all(
            several(" lock").map(async (storage) => {
              while (Date.now() < end) assert.ok(await storage.lock(hold, within(30)));
            }),
          );
          assert.ok(held >= CONNECTIONS, `held ${held} times`);
        });

        test("what fails under the lock comes through, and the lock is free", async () => {
          const [storage, other] = several(" lock");
          const failing = () => Promise.reject(new RangeError("mine"));
          await assert.rejects(storage.lock(failing, within(5)), { name: "RangeError", message: "mine" });
          assert.equal(await other.lock(async () => "next", within(5)), "next");
        });

        test("an abort ends the wait for the lock with its reason, and nothing else", async () => {
          const [storage, other] = several(" lock");
          let release;
          const held = storage.lock(() => new Promise((resolve) => (release = resolve)), within(5));
          while (!release) await paused(5);
          const never = () => assert.fail("it has no lock");
          const { reason, ...aborted } = aborting();
          await assert.rejects(other.lock(never, aborted), (error) => error === reason);
          const abort = AbortSignal.abort(reason);
          await assert.rejects(other.lock(never, { signal: abort }), (error) => error === reason);
          release("done");
          assert.equal(await held, "done");
          assert.equal(await other.lock(async () => "free", within(2)), "free");
        });

        test("a lease is renewed while it is held, and only by its owner", async () => {
          const [storage, other] = several(" lock", { leaseSeconds: 1 });
          let holds = false;
          const long = storage.lock(async () => {
            holds = true;
            await paused(2300);
            holds = false;
          }, within(9));
          while (!holds) await paused(5);
          await other.lock(async () => assert.equal(holds, false), within(9));
          await long;
        });

        test("no key meets what belongs to another", async () => {
          for (const [one, two] of [
            ["alice", "{alice}:lock"],
            ["svc:{alice}", "svc:{alice}:lock"],
            ["alice", "{alice}:unreadable"],
            ["alice", "alice:unreadable"],
          ]) {
            const [first, second] = [one, two].map((name) => storages[kind](clients[0], `${key} ${name}`));
            for (const storage of [first, second]) assert.equal(await storage.save(record(1), null), true);
            const held = first.lock(() => second.lock(async () => "both", within(5)), within(5));
            assert.equal(await held, "both", `${one} and ${two}`);
            await behind[kind](server, `${key} ${one}`, { record: "{ broken" });
            const login = record(2);
            assert.equal(await first.save(login, null), true);
            assert.equal((await second.load()).generation, 1);
            assert.equal(await second.save(null, 1), true);
            assert.deepEqual(await first.load(), login);
            assert.equal(await first.save(null, 2), true);
          }
        });

        test("what is no record is told of, a login takes its place, and a sign-out removes both", async () => {
          const [storage, other] = several(" unreadable");
          const unreadable = [
            { record: "{ not json" },
            { record: JSON.stringify({ ...record(3), generation: 1.5 }) },
            { record: JSON.stringify({ ...record(3), generation: "3" }) },
            { record: JSON.stringify(record(4)) },
            { generation: "9007199254740992", record: '{"generation":9007199254740992}' },
          ];
          for (const fields of unreadable) {
            assert.equal(await storage.save(record(3), null), true);
            await behind[kind](server, key + " unreadable", fields);
            await assert.rejects(storage.load(), SyntaxError);
            assert.equal(await storage.save(record(4), 4), false);
            const login = record(7);
            assert.equal(await other.save(login, null), true, JSON.stringify(fields));
            assert.deepEqual(await storage.load(), login);
            assert.equal(await storage.save(null, 7), true);
            assert.equal(await storage.load(), null);
            await storage.save(record(3), null);
            await behind[kind](server, key + " unreadable", fields);
            assert.equal(await storage.save(null, null), true, "a sign-out");
            assert.equal(await storage.load(), null);
          }
        });

        test("nothing that can be shown holds a token", async () => {
          const [storage] = several();
          await storage.save(record(1), null);
          heard("a storage", inspect(storage, { depth: 9, showHidden: true }) + JSON.stringify(storage));
          heard("a storage's name", storage.name);
          assert.equal(await storage.save(null, 1), true);
        });

        test("storages of one connection and key have one name, and others another", () => {
          const [storage, other] = several();
          assert.equal(storage.name, several()[0].name);
          assert.notEqual(storage.name, several(" 2")[0].name);
          assert.equal(storage.name === other.name, clients[0] === clients[1]);
        });
      });
  });

/** Writes to a stored record what no storage writes. */
const behind = {
  redis: (server, key, fields) => server.command("hset", key, ...Object.entries(fields).flat()),
  postgres: (server, key, fields) =>
    server.query(
      `UPDATE oauth_refresher SET ${Object.keys(fields).map((name, i) => `${name} = $${i + 2}`)} WHERE key = $1`,
      [key, ...Object.values(fields)],
    ),
};

let written = 0;
function record(generation) {
  const refresh_token = `refresh-${++written}-${Math.random().toString(36).repeat(2)}`;
  return { format: 1, generation, tokens: { refresh_token }, obtained_at: 1 };
}

const within = (seconds) => ({ signal: AbortSignal.timeout(seconds * 1000) });

function aborting() {
  const reason = new Error("no longer wanted");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 80);
  return { reason, signal: controller.signal };
}

const paused = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
