// What is refused at once, what an operator has to be told, and what lies where a record should be.
import "../leaks/listener.mjs";
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { inspect } from "node:util";
import { postgresStorage, postgresTables } from "oauth-refresher/storage/postgres";
import { redisStorage } from "oauth-refresher/storage/redis";
import { heard } from "../leaks/search.mjs";
import pg from "pg";
import { clients, opener } from "./clients.mjs";
import { addressOf } from "./address.mjs";
import { startPostgres } from "./postgres-server.mjs";
import { startRedis } from "./redis-server.mjs";

let redis;
let postgres;
let opened;
before(async () => {
  [redis, postgres] = await Promise.all([startRedis(), startPostgres()]);
  opened = [
    opener(clients.redis["ioredis 6"], redis.port),
    opener(clients.postgres["a Pool of pg"], postgres.port),
  ];
});
after(async () => {
  await Promise.all(opened.map(({ close }) => close()));
  await Promise.all([redis.close(), postgres.close()]);
});
const client = async () => (await opened[0].connections(1))[0];
const pool = async () => (await opened[1].connections(1))[0];

test("bad arguments are TypeErrors that say what to write", () => {
  const ioredis = { eval() {}, defineCommand() {} };
  const pg = { query() {} };
  for (const [create, words] of [
    [() => redisStorage(), /client must be a client of redis .* or ioredis.*given: undefined/],
    [() => redisStorage("redis://localhost", "k"), /given: string/],
    [() => redisStorage({ eval() {} }, "k"), /createClient\(\)/],
    [() => redisStorage(ioredis), /key must be a non-empty string \(given: undefined\)/],
    [
      () => redisStorage(ioredis, "k", { leaseSeconds: 0 }),
      /options.leaseSeconds must be a number of seconds/,
    ],
    [() => redisStorage(ioredis, "k", { lease: 9 }), /options.lease is not known; write one of leaseSeconds/],
    [() => redisStorage(ioredis, "k", null), /options must be an object \(given: null\)/],
    [() => postgresStorage({}, "k"), /pool must have query\(text, values\).*given: object/],
    [() => postgresStorage(pg, ""), /key must be a non-empty string/],
    [() => postgresStorage(pg, "k", { table: 'x"; DROP TABLE y' }), /options.table must be a name/],
    [() => postgresStorage(pg, "k", { table: "x".repeat(59) }), /58 characters/],
    [() => postgresStorage(pg, "k", { createTable: "yes" }), /options.createTable must be true or false/],
    [() => postgresTables({ createTable: true }), /options.createTable is not known/],
  ])
    assert.throws(create, (error) => error instanceof TypeError && words.test(error.message));
});

test("a client with callbacks is told apart at its first use", async () => {
  const old = { eval() {}, EVAL() {} };
  await assert.rejects(
    redisStorage(old, "k").load(),
    /client answers by callbacks; write createClient\(\) of redis 4/,
  );
  const odd = { query: async () => ({ rowCount: 1 }) };
  await assert.rejects(postgresStorage(odd, "k").load(), /must answer { rows }/);
});

test("a table that is missing is an error with the SQL that makes it, and that SQL works", async () => {
  const given = await pool();
  for (const table of ["sessions", "public.Sessions2"]) {
    const storage = postgresStorage(given, "k", { table });
    const error = await storage.load().then(assert.fail, (reason) => reason);
    assert.equal(error.code, "42P01");
    assert.ok(error.message.includes(postgresTables({ table }).trim()), error.message);
    assert.match(error.message, /Pass \{ createTable: true \}, or run:/);
    await assert.rejects(storage.lock(assert.fail, { signal: AbortSignal.timeout(9000) }), { code: "42P01" });
    await postgres.query(postgresTables({ table }));
    assert.equal(await storage.save(record(1), null), true);
    assert.equal(await storage.lock(async () => "had", { signal: AbortSignal.timeout(9000) }), "had");
  }
});

test("createTable makes the tables once, however many want them at the same time", async () => {
  const pools = await opened[1].connections(8);
  const storages = pools.map((one) => postgresStorage(one, "k", { table: "at_once", createTable: true }));
  const saved = await Promise.all(storages.map((storage) => storage.save(record(1), null)));
  assert.equal(saved.filter(Boolean).length, 1);
});

test("an error holds nothing of the record, though the driver's did", async () => {
  const shown = async (work) => {
    const error = await work.then(assert.fail, (reason) => reason);
    heard("an error", inspect(error, { depth: 9, showHidden: true }));
    return error;
  };
  await redis.command("rpush", "a list", "1");
  const storage = redisStorage(await client(), "a list");
  assert.match((await shown(storage.save(record(1), null))).message, /^redisStorage "a list": WRONGTYPE/);
  assert.match((await shown(storage.load())).message, /WRONGTYPE/);
  assert.equal(await redis.command("type", "a list"), "list");
  await postgres.query(
    "CREATE TABLE narrow (key text PRIMARY KEY, generation bigint, record text CHECK (record = ''))",
  );
  // the server's own log quotes the row as well, unless it is told not to
  const options = "-c log_error_verbosity=terse";
  const terse = new pg.Client({ ...addressOf(postgres.port), options });
  await terse.connect();
  const narrow = postgresStorage(terse, "k", { table: "narrow" });
  assert.match(
    (await shown(narrow.save(record(1), null))).message,
    /^postgresStorage: new row .* check constraint/,
  );
  await terse.end();
});

test("what is no JSON is told of, left as it is, and kept beside a new login", async () => {
  await redis.command("hset", "broken", "generation", "7", "record", "{ not json");
  await postgres.query(postgresTables());
  await postgres.query("INSERT INTO oauth_refresher VALUES ('broken', 7, '{ not json')");
  for (const storage of [redisStorage(await client(), "broken"), postgresStorage(await pool(), "broken")]) {
    await assert.rejects(storage.load(), { name: "SyntaxError", message: /: what is stored is not JSON$/ });
    assert.equal(await storage.save(record(2), 1), false);
    const login = record(1);
    assert.equal(await storage.save(login, null), true);
    assert.deepEqual(await storage.load(), login);
    assert.equal(await storage.save(record(1), null), false);
  }
  assert.equal(await redis.command("hget", "broken", "unreadable"), "{ not json");
  const kept = await postgres.query("SELECT unreadable FROM oauth_refresher WHERE key = 'broken'");
  assert.equal(kept[0].unreadable, "{ not json");
});

function record(generation) {
  const refresh_token = `refresh-${generation}-${Math.random().toString(36).repeat(2)}`;
  return { format: 1, generation, tokens: { refresh_token }, obtained_at: 1 };
}
