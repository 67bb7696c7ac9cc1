// Every client that the storages are for, by one name each. Not a test by itself.

import { postgresStorage } from "oauth-refresher/storage/postgres";
import { redisStorage } from "oauth-refresher/storage/redis";
import { addressOf } from "./address.mjs";

const quiet = (client) => client.on("error", () => {});
// Loaded when they are used: a process that is started for one of them need not wait for all.
const nodeRedis = (name, create) => async (port) => {
  const client = quiet(create(await import(name), `redis://127.0.0.1:${port}`));
  await client.connect();
  return { client, close: async () => (client.destroy ? client.destroy() : client.disconnect()) };
};
const ioRedis = (name, create) => async (port) => {
  const client = quiet(create(await import(name), port));
  return { client, close: async () => client.disconnect() };
};

/** Each opens a connection of its own. */
export const redisClients = {
  "redis 6": nodeRedis("redis", ({ createClient }, url) => createClient({ url })),
  "redis 5": nodeRedis("redis-5", ({ createClient }, url) => createClient({ url })),
  "redis 4": nodeRedis("redis-4", ({ createClient }, url) => createClient({ url })),
  "a pool of redis 6": nodeRedis("redis", ({ createClientPool }, url) => createClientPool({ url })),
  "ioredis 6": ioRedis("ioredis", ({ Redis }, port) => new Redis(port, "127.0.0.1")),
  "ioredis 5": ioRedis("ioredis-5", ({ Redis }, port) => new Redis(port, "127.0.0.1")),
};

export const clusterClients = {
  "a cluster of redis 6": nodeRedis("redis", ({ createCluster }, url) =>
    createCluster({ rootNodes: [{ url }] }),
  ),
  "a cluster of ioredis 6": ioRedis(
    "ioredis",
    ({ Cluster }, port) => new Cluster([{ host: "127.0.0.1", port }]),
  ),
};

const pool = (options) => async (port) => {
  const { Pool } = (await import("pg")).default;
  const client = quiet(new Pool({ ...addressOf(port), max: 3, ...options }));
  return { client, close: () => client.end() };
};

export const postgresClients = {
  "a Pool of pg": pool(),
  "a Client of pg": async (port) => {
    const { Client } = (await import("pg")).default;
    const client = quiet(new Client(addressOf(port)));
    await client.connect();
    return { client, close: () => client.end() };
  },
  "a Pool of pg under serializable": pool({ options: "-c default_transaction_isolation=serializable" }),
};

/** Of a PgBouncer in transaction mode. */
export const pooledClients = { "a Pool of pg by PgBouncer": pool() };

/** One database in this process, which every connection is. */
export function pglite() {
  let database;
  const create = async () => (await import("@electric-sql/pglite")).PGlite.create();
  return async () => ({ client: await (database ??= create()), close: async () => {} });
}

/** Opens connections of one kind, and closes them all together. */
export function opener(open, port) {
  const opened = [];
  return {
    async connections(count) {
      const some = await Promise.all(Array.from({ length: count }, () => open(port)));
      opened.push(...some);
      return some.map(({ client }) => client);
    },
    close: () => Promise.all(opened.map(({ close }) => close())),
  };
}

export const storages = {
  redis: redisStorage,
  postgres: (client, key, options) => postgresStorage(client, key, { createTable: true, ...options }),
};

export const clients = { redis: redisClients, postgres: { ...postgresClients, ...pooledClients } };
