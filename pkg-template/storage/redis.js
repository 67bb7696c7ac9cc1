// @ts-check
import { asGiven } from "../lib/given.js";
import { leaseMsIn, lockByLease } from "./lease.js";
import { asRow, check, isUnreadable, leaseSeconds, nameOf, recordIn, told } from "./remote.js";
import { keptUntilSaved } from "./unsaved.js";

/** @import { TokenRecord } from "../index.js" */
/** @import { redisStorage as declared } from "./redis.js" */

const WHO = "redisStorage";

// A session is one hash at its key, so that no tenant can choose a key that is another tenant's lock. Reads are scripts too, because a
// cluster client may send a plain read to a replica, which lags behind.
const LOAD = "return redis.call('HMGET', KEYS[1], 'generation', 'record')";

// ARGV: the replaced generation, the new one, the record. Empty strings mean none.
const SAVE = `
local held = redis.call('HMGET', KEYS[1], 'generation', 'record')
if (held[1] or '') ~= ARGV[1] or (ARGV[1] == '' and held[2]) then return 0 end
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], 'generation', 'record', 'unreadable')
else redis.call('HSET', KEYS[1], 'generation', ARGV[2], 'record', ARGV[3]) end
return 1`;

// ARGV: generation and text of the unreadable record; generation and text of the new one.
const SAVE_OVER = `
local held = redis.call('HMGET', KEYS[1], 'generation', 'record')
if (held[1] or '') ~= ARGV[1] or (held[2] or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], 'generation', 'record', 'unreadable')
else redis.call('HSET', KEYS[1], 'unreadable', ARGV[2], 'generation', ARGV[3], 'record', ARGV[4]) end
return 1`;

// ARGV: the owner, the text of the new holder, a text that may be taken over. The holder may take it again, because clients repeat a
// command whose reply was lost. The lock also expires after five leases by the clock of Redis, for programs that run shorter than a lease
// and cannot observe one. If that clock is set by more than this between two heartbeats, a running holder loses its lock. That is safe, as
// after a stall: its mark is respected for its lease, and its writes are compared.
const TAKE = `
local held = redis.call('HGET', KEYS[1], 'lock')
local now = redis.call('TIME')[1]
local passed = 1
if held and string.sub(held, 1, 36) ~= ARGV[1] then
  local seconds = tonumber(string.match(held, '^%S+ (%S+)')) or 120
  local at = tonumber(redis.call('HGET', KEYS[1], 'lock_at')) or 0
  if held ~= ARGV[3] and math.abs(now - at) < 5 * seconds then return held end
  passed = 2
end
redis.call('HSET', KEYS[1], 'lock', ARGV[2], 'lock_at', now)
return passed`;

const IF_OWNED = `
local held = redis.call('HGET', KEYS[1], 'lock')
if not held or string.sub(held, 1, 36) ~= ARGV[1] then return 0 end
`;
const BEAT = `${IF_OWNED}
redis.call('HSET', KEYS[1], 'lock', ARGV[2], 'lock_at', redis.call('TIME')[1])
return 1`;
const IS_HELD = `${IF_OWNED} return 1`;
const RELEASE = `${IF_OWNED} return redis.call('HDEL', KEYS[1], 'lock', 'lock_at')`;

/** @type {typeof declared} */
export function redisStorage(client, key, options = {}) {
  const evaluate = caller(client);
  check(WHO, key, options, { leaseSeconds });
  /** @param {string} script @param {unknown[]} args @returns {Promise<any>} */
  async function run(script, ...args) {
    try {
      return await evaluate(script, [key], args.map(String));
    } catch (error) {
      throw told(`${WHO} ${JSON.stringify(key)}`, error);
    }
  }

  /** @param {string} script @param {unknown[]} args */
  const did = async (script, ...args) => Number(await run(script, ...args)) === 1;

  async function row() {
    const [generation, record] = await run(LOAD);
    return asRow(generation, record);
  }

  const lock = lockByLease(
    {
      async take(owner, text, over) {
        const answer = await run(TAKE, owner, text, over);
        if (typeof answer == "number") return { passedOn: answer === 1 ? "released" : "silent" };
        return { held: String(answer), leaseMs: leaseMsIn(String(answer)) };
      },
      beat: (owner, text) => did(BEAT, owner, text),
      isHeld: (owner) => did(IS_HELD, owner),
      release: (owner) => did(RELEASE, owner),
    },
    options.leaseSeconds,
  );

  /** @param {TokenRecord | null} record @param {number | null} expected */
  async function save(record, expected) {
    const written = [record?.generation ?? "", record ? JSON.stringify(record) : ""];
    if (await did(SAVE, expected ?? "", ...written)) return true;
    if (expected !== null) return false;
    // A login or a sign-out replaces an unreadable record.
    const stored = await row();
    return isUnreadable(stored) && did(SAVE_OVER, stored.generation ?? "", stored.record ?? "", ...written);
  }

  return {
    name: nameOf("redis", client, key),
    conditionalSave: true,
    load: async () => recordIn(WHO, await row()),
    ...keptUntilSaved(save, lock),
  };
}

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
      `${asGiven(client)}`,
  );
}
