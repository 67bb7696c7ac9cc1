// @ts-check
import { lockByLease } from "./lease.js";
import { check, isMarked, isUnreadable, leaseSeconds, nameOf, recordIn, told } from "./remote.js";

/** @import { redisStorage as declared } from "./redis.js" */

const WHO = "redisStorage";

// Reads are a script like the rest: a client of a cluster may send a plain read to a replica, which is behind.
const LOAD = "return redis.call('HGET', KEYS[1], 'record')";

// ARGV: the generation that is replaced, the new one, the record; an empty string is none.
const SAVE = `
if (redis.call('HGET', KEYS[1], 'generation') or '') ~= ARGV[1] then return 0 end
if ARGV[2] == '' then redis.call('DEL', KEYS[1])
else redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'record', ARGV[3]) end
return 1`;

// ARGV: what cannot be read, and what takes its place.
const SAVE_OVER = `
if redis.call('HGET', KEYS[1], 'record') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[2], 'record', ARGV[1])
redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'record', ARGV[3])
return 1`;

// ARGV: the owner, the lease in milliseconds. Who has it may take it: clients send a command again when its reply was lost.
const TAKE = `
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1`;

const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** @type {typeof declared} */
export function redisStorage(client, key, options = {}) {
  const evaluate = caller(client);
  check(WHO, key, options, { leaseSeconds });
  const lockKeys = [beside(key, "lock")];
  const { lock, watched } = lockByLease(
    {
      take: (owner, milliseconds) => did(TAKE, lockKeys, owner, milliseconds),
      renew: (owner, milliseconds) => did(RENEW, lockKeys, owner, milliseconds),
      release: (owner) => did(RELEASE, lockKeys, owner),
    },
    async () => isMarked(await text()),
    options.leaseSeconds,
  );

  /** @param {string} script @param {string[]} keys @param {unknown[]} args @returns {Promise<unknown>} */
  async function run(script, keys, ...args) {
    try {
      return await watched(evaluate(script, keys, args.map(String)));
    } catch (error) {
      throw told(`${WHO} ${JSON.stringify(key)}`, error);
    }
  }

  /** @param {string} script @param {string[]} keys @param {unknown[]} args */
  const did = async (script, keys, ...args) => Number(await run(script, keys, ...args)) === 1;

  async function text() {
    const stored = await run(LOAD, [key]);
    return stored === null || stored === undefined ? null : String(stored);
  }

  return {
    name: nameOf("redis", client, key),
    conditionalSave: true,

    load: async () => recordIn(WHO, await text()),

    async save(record, expected) {
      const written = [record?.generation ?? "", record ? JSON.stringify(record) : ""];
      if (await did(SAVE, [key], expected ?? "", ...written)) return true;
      if (!record || expected !== null) return false;
      // a login takes the place of what cannot be read
      const stored = await text();
      return isUnreadable(stored) && did(SAVE_OVER, [key, beside(key, "unreadable")], stored, ...written);
    },

    lock,
  };
}

/** In the slot of a cluster that the key is in: the part in braces decides it, else the whole. @param {string} key @param {string} what */
const beside = (key, what) => (/[{}]/.test(key) ? `${key}:${what}` : `{${key}}:${what}`);

/** @param {any} client @returns {(script: string, keys: string[], args: string[]) => Promise<unknown>} */
function caller(client) {
  if (typeof client?.eval == "function" && typeof client.defineCommand == "function")
    return (script, keys, args) => client.eval(script, keys.length, ...keys, ...args);
  if (typeof client?.eval == "function" && typeof client.EVAL == "function")
    return async (script, keys, args) => {
      const reply = client.eval(script, { keys, arguments: args });
      if (typeof reply?.then != "function")
        throw new TypeError(
          "client answers by callbacks; write createClient() of redis 4 or newer, without legacyMode",
        );
      return reply;
    };
  throw new TypeError(
    `${WHO}: client must be a client of redis (4 or newer) or ioredis: createClient(), createCluster(), new Redis() ` +
      `(given: ${client === null ? null : typeof client})`,
  );
}
